"""Which process one is, in words by which another process of this machine sees whether it has ended."""

import os
import re
import secrets
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_IDENTITY = re.compile(r"(?P<space>[0-9a-f-]{36}/[0-9]{1,20})/(?P<pid>[1-9][0-9]{0,8})/(?P<start>[0-9]{1,20})")
_STATE, _START = 0, 19
"""Where they stand behind the name of the program (proc_pid_stat(5), fields 3 and 22)."""

_ENDED = ("Z", "X", "x")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Started:
    """A process that lives, and when it began: in ticks of the kernel since the machine did."""

    pid: int
    ticks: int

    def at(self) -> int:
        """Return the instant (ms UTC), to the length of a tick."""
        since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
        return int((time.time() - since_boot + self.ticks / _TICKS) * 1_000)


def started(pid: int) -> Started | None:
    """Say when the process `pid` began; None if it has ended, or cannot be seen."""
    found = _state_and_start(pid)
    return None if found is None or found[0] in _ENDED else Started(pid, int(found[1]))


def identity() -> str:
    """Name this process, `<boot id>/<pid namespace>/<pid>/<start in ticks>`; where /proc does not say, at random."""
    pid = os.getpid()
    return identity_of(pid) or _random_name(pid)


def identity_of(pid: int) -> str | None:
    """Name the process `pid` as it names itself; None if it has ended, or /proc does not say."""
    space, found = _pid_space(), started(pid)
    return None if space is None or found is None else f"{space}/{pid}/{found.ticks}"


def pid_of(identity: str) -> int | None:
    """Return the number of the process of that `identity`; None where a number means another process."""
    named = _IDENTITY.fullmatch(identity)
    return int(named["pid"]) if named is not None and named["space"] == _pid_space() else None


def is_gone(identity: str) -> bool:
    """Tell whether the process of that `identity` has ended; False wherever that cannot be seen for certain.

    Another boot id may be another host's, and in another pid namespace a number means another process.
    """
    pid = pid_of(identity)
    if pid is None:
        return False
    if not _exists(pid):
        return True
    found = _state_and_start(pid)
    return found is not None and (found[0] in _ENDED or found[1] != identity.rpartition("/")[2])


def cannot_be_told(pid: int) -> bool:
    """Tell whether there is a process `pid` of which it cannot be seen whether it lives."""
    return _state_and_start(pid) is None and _exists(pid)


@cache
def _random_name(_pid: int) -> str:
    """Give each process one, a forked one its own."""
    return secrets.token_hex(16)


def _pid_space() -> str | None:
    """Say where process numbers mean what they mean here; None if /proc is missing, or shows another namespace."""
    try:
        if str((_PROC / "self").readlink()) != str(os.getpid()):
            return None
        boot_id = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot_id}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _exists(pid: int) -> bool:
    """Ask the kernel and not /proc, which may hide the processes of other users (proc(5), hidepid)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return True


def _state_and_start(pid: int) -> tuple[str, str] | None:
    try:
        said = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = said.rpartition(b")")[2].split()  # the program's name stands in brackets, and may be anything
    return (fields[_STATE].decode(), fields[_START].decode()) if len(fields) > _START else None
