"""An image built from the recipe without a network, and containers of it: its files, read-only, behind a chroot."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.integration.packaging.programs import PACKAGING, ROOT, program

TAG, BASE = "localhost/strongroom:test", "localhost/base:test"

_CONTAINER = """
root=$1 state=$2 config=$3 user=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=0700,uid=${user%:*},gid=${user#*:} tmpfs "$root/run/claude-hooks"
mount --bind "$state" "$root/var/lib/claude-hooks"
mount --bind "$config" "$root/etc/claude-hooks"
exec chroot --userspec="$user" --groups= "$root" "$@"
"""


def run(*command, **options):
    """Run a command; returns its output."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600, **options).stdout


@dataclass(frozen=True)
class Image:
    """A built image: its files below `root`, and its configuration."""

    root: Path
    config: dict
    health: list

    def container(self, state, config, *args):
        """Return the command that runs `args`, or else what the image says, on two volumes."""
        inside = [*self.config["Entrypoint"], *(args or self.config["Cmd"])]
        separate = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child"]
        return [
            *(*separate, "sh", "-ec", _CONTAINER, "sh", self.root, state, config, self.config["User"]),
            *("/usr/bin/env", "-i", *self.config["Env"], *inside),
        ]

    def check(self, pid):
        """Ask in the container of process `pid` whether it is healthy; returns the exit code."""
        uid, gid = self.config["User"].split(":")
        command = ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--root", "--wd", f"-S{uid}", f"-G{gid}"]
        asking = [*command, "/usr/bin/env", "-i", *self.config["Env"], *self.health]
        return subprocess.run(asking, check=False, timeout=60).returncode


def build(scratch):
    """Build the image; everything that it takes is made below `scratch`."""
    base, wheels, root = scratch / "base.tar", scratch / "wheels", scratch / "root"
    store = [program("buildah", "buildah"), f"--root={scratch / 'store'}", f"--runroot={scratch / 'run'}"]
    buildah = [*store, "--storage-driver=vfs"]
    debian = [program("mmdebstrap", "mmdebstrap"), "--quiet", "--variant=essential", "--include=python3-venv"]
    run(*debian, _release(), base)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary=:all:"]
    run(*pip, "--dest", wheels, "--requirement", ROOT / "requirements.lock", stderr=subprocess.DEVNULL)
    settings = scratch / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n")

    made = run(*buildah, "from", "scratch").strip()
    run(*buildah, "add", "--quiet", made, base, "/")
    run(*buildah, "commit", "--quiet", "--rm", made, BASE)
    mounts = [f"--volume={wheels}:/wheels:ro", f"--volume={settings}:/etc/pip.conf:ro"]
    options = ["--isolation=chroot", "--format=docker", "--quiet", f"--build-arg=BASE={BASE}", f"--tag={TAG}", *mounts]
    run(*buildah, "bud", *options, f"--file={PACKAGING / 'container' / 'Dockerfile'}", ROOT)
    said = json.loads(run(*buildah, "inspect", "--type=image", TAG))
    made = run(*buildah, "from", TAG).strip()
    root.symlink_to(run(*buildah, "mount", made).strip())
    health = said["Docker"]["config"]["Healthcheck"]["Test"]
    assert health[0] == "CMD"
    return Image(root.resolve(), said["OCIv1"]["config"], health[1:])


def _release():
    """Name this machine's Debian: its Python is the one that the wheels are for."""
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]
