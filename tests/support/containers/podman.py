"""Podman with runc, each with storage of its own, so that tests in parallel do not meet."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.containers.engine import IMAGE, Engine
from tests.support.containers.remains import an_engine_directory
from tests.support.containers.rootfs import Rootfs

# Limits that a machine without CAP_SYS_RESOURCE may set; locks in files, for those in memory are shared by all.
_CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
events_logfile_path = "{directory}/events"
lock_type = "file"
tmp_dir = "{directory}/tmp"
[engine.runtimes]
runc = ["{directory}/runc"]
[network]
network_config_dir = "{directory}/networks"
"""
# Copies instead of overlays: they need nothing of the file system below, and leave no mount behind.
_STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{directory}/storage"
runroot = "{directory}/run"
"""
_RUNC = """\
#!/bin/sh
exec runc --root {directory}/runc-state "$@"
"""
# The cache of layers has a fixed place, below which it is given one that goes away with the command.
_CACHE_ASIDE = 'mount -t tmpfs tmpfs /var/lib && exec podman import "$0" "$1"'


@contextmanager
def a_podman(rootfs: Rootfs) -> Iterator[Engine]:
    """Give a Podman with the image in its storage. Afterwards nothing of it is left, whatever was killed."""
    with an_engine_directory() as directory:
        podman = Engine(directory, "podman", _environ(directory), "json", at_once=("--time", "0"))
        _put(directory / "runc", _RUNC)
        (directory / "runc").chmod(0o755)
        argv = ["unshare", "--mount", "sh", "-c", _CACHE_ASIDE, str(rootfs.tar), IMAGE]
        done = subprocess.run(argv, env=podman.environ, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise ChildProcessError(done.stderr.strip())
        yield podman


def why_no_podman() -> str | None:
    """Say what is missing."""
    if os.geteuid() != 0:
        return "needs root: run the tests as root for containers with users of their own"
    missing = [name for name in ("podman", "runc") if shutil.which(name) is None]
    return f"needs {' and '.join(missing)}: apt-get install {' '.join(missing)}" if missing else None


def _environ(directory: Path) -> dict[str, str]:
    _put(directory / "containers.conf", _CONFIGURATION)
    _put(directory / "storage.conf", _STORAGE)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "CONTAINERS_CONF": str(directory / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(directory / "storage.conf"),
    }


def _put(file: Path, template: str) -> None:
    file.write_text(template.replace("{directory}", str(file.parent)))
