"""The root file system of every container: busybox, a place for tokens, and the users root and agent (1000)."""

import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

TOKENS = "/tokens"
AGENT_UID = 1000
_BUSYBOX = "busybox"
_DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", TOKENS.lstrip("/"))
_PASSWD = f"root:x:0:0::/root:/bin/sh\nagent:x:{AGENT_UID}:{AGENT_UID}::/:/bin/sh\n"
_GROUP = f"root:x:0:\nagent:x:{AGENT_UID}:\n"


@dataclass(frozen=True)
class Rootfs:
    """The files at `path`, and the same ones in the archive `tar`."""

    path: Path
    tar: Path


def why_no_rootfs() -> str | None:
    """Say what is missing to build one."""
    return None if _static_busybox() else "needs a static busybox: apt-get install busybox-static"


def build_rootfs(directory: Path) -> Rootfs:
    """Build one in `directory`, which every user must be able to enter."""
    built = Rootfs(directory / "rootfs", directory / "rootfs.tar")
    for name in _DIRECTORIES:
        (built.path / name).mkdir(parents=True)
    for each in (built.path, *built.path.iterdir()):
        each.chmod(0o755)
    (built.path / "tmp").chmod(0o1777)
    _put_busybox(built.path / "bin")
    _put(built.path / "etc" / "passwd", _PASSWD)
    _put(built.path / "etc" / "group", _GROUP)
    with tarfile.open(built.tar, "w") as tar:
        tar.add(built.path, arcname=".", filter=_of_root)
    return built


def _put(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o644)


def _put_busybox(directory: Path) -> None:
    shutil.copy(_static_busybox(), directory / _BUSYBOX)
    (directory / _BUSYBOX).chmod(0o755)
    listed = subprocess.run([directory / _BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    for applet in set(listed.stdout.split()) - {_BUSYBOX}:
        (directory / applet).symlink_to(_BUSYBOX)


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _static_busybox() -> str | None:
    """Return the busybox that needs no library: only such a one runs in a root file system without libraries."""
    found = shutil.which(_BUSYBOX)
    return found if found and b"ld-linux" not in _beginning(found) else None


def _beginning(file: str) -> bytes:
    with open(os.path.realpath(file), "rb") as opened:  # noqa: PTH123 - the interpreter of an ELF file is named near its start
        return opened.read(4_096)
