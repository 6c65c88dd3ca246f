"""Waiting for the end of processes: by descriptors, and by looking where the kernel gives none."""

import os
import select
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from itertools import islice

from adapters.system.process_identity import is_gone, pid_of

_WATCHED = 256
"""How many descriptors that may take; the end of one more is seen when the time is over."""

_LOOK_EVERY_MS = 50


def wait_for_end(processes: Collection[str], *, timeout_ms: int) -> None:
    """Return when one of `processes` has ended, or the time is over. One that is not of here is not waited for."""
    end = time.monotonic() + timeout_ms / 1_000
    numbered = ((name, pid) for name in sorted(processes) if (pid := pid_of(name)) is not None)
    unwatched = set()
    poll = select.poll()
    with ExitStack() as stack:
        for name, pid in islice(numbered, _WATCHED):
            descriptor = _opened(pid)
            if descriptor is None:
                unwatched.add(name)
            else:
                stack.callback(os.close, descriptor)
                poll.register(descriptor, select.POLLIN)
            if is_gone(name):  # asked only now: from here on the descriptor is of the process that is meant
                return
        while (left_ms := (end - time.monotonic()) * 1_000) > 0:
            if poll.poll(min(left_ms, _LOOK_EVERY_MS) if unwatched else left_ms) or any(map(is_gone, unwatched)):
                return


def _opened(pid: int) -> int | None:
    """Open a process (pidfd_open(2)); None where the kernel has no such call, a filter forbids it, or none is left."""
    opener: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    with suppress(OSError):
        return None if opener is None else opener(pid)
    return None
