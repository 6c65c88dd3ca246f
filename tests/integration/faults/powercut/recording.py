"""Builds the recorder, runs a job under it, and reads what it wrote down."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.faults.homes import Home, program
from tests.integration.faults.jobs import Job

_SOURCE = Path(__file__).with_name("recorder.c")
_TIME_LIMIT_S = 60


@dataclass(frozen=True)
class Record:
    """One change of names, or one sync. Paths are relative to the home; `content` is what a sync made durable."""

    kind: str
    inode: int
    mode: int
    mtime_ns: int
    length: int
    path: str
    second: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.kind} {self.path} {self.second}".rstrip()


def missing_tool() -> str | None:
    return None if shutil.which("gcc") else "gcc is missing: apt-get install gcc libc6-dev"


def built(directory: Path) -> Path:
    """Compile the recorder."""
    library = directory / "recorder.so"
    command = [
        "gcc",
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(library),
        str(_SOURCE),
        "-ldl",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return library


def recorded(job: Job, home: Home, library: Path, log: Path) -> list[Record]:
    """Run `job` to its end and return everything that was written down."""
    watching = {"LD_PRELOAD": str(library), "FAULTS_ROOT": str(home.root), "FAULTS_RECORD": str(log)}
    ended = subprocess.run(
        program(*job.arguments(home)),
        env={**home.environment, **watching},
        cwd=home.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_TIME_LIMIT_S,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return _read(log.read_bytes(), str(home.root))


def _read(data: bytes, root: str) -> list[Record]:
    records, start = [], 0
    while start < len(data):
        end = data.index(b"\n", start)
        kind, inode, mode, mtime_ns, length, path, second = data[start:end].decode().split("\t")
        start = end + 1
        size = int(length) if kind == "sync" else 0
        content = data[start : start + size]
        start += size
        below = [_below(name, root) for name in (path, second)]
        records.append(Record(kind, int(inode), int(mode, 8), int(mtime_ns), int(length), *below, content))
    return records


def _below(path: str, root: str) -> str:
    return path.removesuffix(" (deleted)").removeprefix(root).strip("/")
