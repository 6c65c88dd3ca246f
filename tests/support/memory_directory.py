"""A directory in memory for token mounts, which leaves neither files nor mounts behind."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_directory() -> Iterator[Path]:
    """Give the path of a runtime directory that is not there yet, below /dev/shm."""
    base = Path(tempfile.mkdtemp(prefix="strongroom-", dir="/dev/shm")).resolve()
    try:
        yield base / "run"
    finally:
        unmount_below(base)
        shutil.rmtree(base)


def unmount_below(base: Path) -> None:
    """Unmount what is mounted at and below `base`, whoever still uses it."""
    for mounted in sorted(mounts_below(base), reverse=True):
        subprocess.run(["umount", "--lazy", mounted], check=True)


def mounts_below(base: Path) -> list[str]:
    """List the mount points at and below `base`."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].replace("\\040", " ") for line in lines]
    return [point for point in points if point == str(base) or point.startswith(f"{base}/")]
