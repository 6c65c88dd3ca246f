"""The machine: its clock, which process of it this one is, and who started it."""

from adapters.system.clock import SystemClock as SystemClock
from adapters.system.mount_watch import ProcMountWatch as ProcMountWatch
from adapters.system.process_identity import identity as identity
from adapters.system.process_identity import is_gone as is_gone
from adapters.system.service_manager import SystemdServiceManager as SystemdServiceManager
from adapters.system.silence import Silence as Silence
from adapters.system.undisturbed import undisturbed as undisturbed
