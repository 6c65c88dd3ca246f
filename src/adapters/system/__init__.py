"""The machine: its clock, and which process of it this one is."""

from adapters.system.clock import SystemClock as SystemClock
from adapters.system.process_identity import identity as identity
from adapters.system.process_identity import is_gone as is_gone
from adapters.system.silence import Silence as Silence
from adapters.system.undisturbed import undisturbed as undisturbed
