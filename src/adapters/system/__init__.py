"""The machine: its clock."""

from adapters.system.clock import SystemClock as SystemClock
from adapters.system.silence import Silence as Silence
