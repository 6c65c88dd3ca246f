"""Processes as the host sees them: which there are, whose children they are, and when one is gone."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

PATIENCE_S = 20.0
_PROC = Path("/proc")
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], what: str, patience_s: float = PATIENCE_S) -> Found:
    """Look until there is something to see, and return it: for what the kernel has no event for."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"in {patience_s:g} s it did not come about that {what}")
        time.sleep(0.005)
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    return _state(pid) not in {None, "Z", "X"}


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process, which may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until_gone(pid: int, patience_s: float = PATIENCE_S) -> None:
    eventually(lambda: not is_alive(pid), f"process {pid} is gone", patience_s)


def pids() -> Iterator[int]:
    """Give every process there is, but this one."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            yield int(entry.name)


def children(pid: int) -> list[int]:
    """Return the living children of a process, sorted."""
    return sorted(each for each in pids() if _parent(each) == pid and is_alive(each))


def argv_of(pid: int) -> str:
    """Return the arguments of a process, separated by spaces; empty when it is gone or of the kernel."""
    return _read(pid, "cmdline").replace("\0", " ")


def cgroups_of(pid: int) -> str:
    return _read(pid, "cgroup")


def _state(pid: int) -> str | None:
    after_name = _read(pid, "stat").rpartition(")")[2].split()
    return after_name[0] if after_name else None


def _parent(pid: int) -> int | None:
    after_name = _read(pid, "stat").rpartition(")")[2].split()
    return int(after_name[1]) if after_name else None


def _read(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
