"""Faults by strace: which calls of a job write to its home, and a run in which one of them is the last, or fails.

strace counts calls per name and per traced process, so the service is started by the interpreter
itself, without byte code to write and with the same hash seed: then the n-th call is the same in each run.
"""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.integration.faults.homes import LOCK, Home, program
from tests.integration.faults.jobs import Job

ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EPERM")

_ALWAYS = frozenset(
    [
        "pwrite64",
        "pwritev",
        "pwritev2",
        "write",
        "writev",
        "fdatasync",
        "fsync",
        "sync_file_range",
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "unlinkat",
        "rmdir",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "ftruncate",
        "truncate",
        "fallocate",
        "mkdir",
        "mkdirat",
        "chmod",
        "fchmod",
        "fchmodat",
        "fchown",
        "fchownat",
        "utimensat",
        "copy_file_range",
        "sendfile",
    ]
)
_OPENING = frozenset({"open", "openat", "creat"})
_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
_VARYING = re.compile(r"[0-9a-f]{16}|\d{8}T\d{6}Z")
_PATHS = re.compile(r'"(/[^"]*|[^"/]+)"|<(/[^>]*)>')
_QUICK = "--seccomp-bpf"
"""Stops only at the calls asked for. No signal is injected under it (strace 6.1), errors are."""

_TIME_LIMIT_S = 60


@dataclass(frozen=True)
class Point:
    """The `number`-th call of `name` in a job; `shown` says for people what it was."""

    name: str
    number: int
    shown: str

    @property
    def is_about_an_old_file(self) -> bool:
        """Tell whether the call takes an old file away, or moves a finished file to its place."""
        return self.name.startswith(("rename", "unlink", "link")) and not re.search(r"-(shm|wal|journal)", self.shown)

    def __str__(self) -> str:
        return f"{self.name} {self.number} {self.shown}"


@dataclass(frozen=True)
class Ended:
    """How a run ended: `code` is negative for a signal; `hit` tells whether the fault struck where it was to."""

    code: int
    stdout: bytes
    stderr: bytes
    hit: bool


def counted(job: Job, home: Home, log: Path) -> list[Point]:
    """Run `job` in `home` without a fault, and list every call in it that changes something below the home."""
    ended = _traced(job, home, log, [_QUICK, f"--trace={','.join(sorted(_ALWAYS | _OPENING))}"])
    assert ended.returncode == 0, ended.stderr.decode()
    count: Counter[tuple[str, str]] = Counter()
    points = []
    for line in log.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call is None:
            continue
        key = call["pid"], call["name"]
        count[key] += 1
        if _changes(call["name"], call["rest"], home.root):
            points.append(Point(call["name"], count[key], _shown(call["rest"], home.root)))
    assert len({pid for pid, _ in count}) == 1, "another process writes, and strace counts each on its own"
    return points


def killed(job: Job, home: Home, log: Path, point: Point) -> Ended:
    """Run `job`; SIGKILL comes as it enters the call."""
    ended = _traced(job, home, log, _fault(point, "signal=KILL"))
    return Ended(ended.returncode, ended.stdout, ended.stderr, _was(point, log, home.root, "= ?"))


def failed(job: Job, home: Home, log: Path, point: Point, error: str) -> Ended:
    """Run `job`; the call is not made and returns `error`."""
    ended = _traced(job, home, log, [_QUICK, *_fault(point, f"error={error}")])
    return Ended(ended.returncode, ended.stdout, ended.stderr, _was(point, log, home.root, "(INJECTED)"))


def missing_tool() -> str | None:
    """Say what to install, if strace is not there or may not trace."""
    if shutil.which("strace") is None:
        return "strace is missing: apt-get install strace"
    tried = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], check=False, capture_output=True)
    return None if tried.returncode == 0 else "strace may not trace here: the container needs SYS_PTRACE"


def _fault(point: Point, what: str) -> list[str]:
    return [f"--trace={point.name}", f"--inject={point.name}:{what}:when={point.number}"]


def _traced(job: Job, home: Home, log: Path, options: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(log), *options, *program(*job.arguments(home))],
        env=home.environment,
        cwd=home.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_TIME_LIMIT_S,
    )


def _changes(name: str, rest: str, root: Path) -> bool:
    if str(root) not in rest or LOCK in rest:
        return False
    return name in _ALWAYS or "O_CREAT" in rest or "O_TRUNC" in rest


def _was(point: Point, log: Path, root: Path, mark: str) -> bool:
    """Tell whether the call that the fault struck is the one that the counting run saw there."""
    struck = [line for line in log.read_text(errors="replace").splitlines() if mark in line]
    calls = [call for call in map(_CALL.match, struck) if call]
    return any(_shown(call["rest"], root) == point.shown for call in calls)


def _shown(rest: str, root: Path) -> str:
    """Name what a call is about without what differs from run to run."""
    return _VARYING.sub("", _about(rest).replace(str(root), ""))


def _about(rest: str) -> str:
    """Keep the paths of a call's arguments: those in quotes, and those of descriptors."""
    arguments = rest.partition(") = ")[0].partition(" <unfinished")[0]
    return " ".join(quoted or descriptor for quoted, descriptor in _PATHS.findall(arguments))
