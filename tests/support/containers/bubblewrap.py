"""Containers of bubblewrap, which start in about ten milliseconds."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.containers.lines import PATIENCE_S, Lines
from tests.support.containers.processes import children, eventually, kill, wait_until_gone
from tests.support.containers.rootfs import TOKENS, Rootfs

# All that `--unshare-all` unshares but users: what has no user namespace of its own has the user ids of the host.
_ALL_BUT_USERS = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_AS_AGENT = ("su", "-s", "/bin/sh", "agent", "-c", 'exec "$0" "$@"')
_PASSED_ON = 'while read -r line; do eval "$line"; code=$?; echo; echo "--$code"; done'


@dataclass(frozen=True)
class BubblewrapContainer:
    """A running container: `outer` is the process that watches it, `init` the first one inside, as the host sees it."""

    outer: subprocess.Popen
    init: int
    lines: Lines

    @property
    def pid(self) -> int:
        """The process of the command, inside, as the host sees it; `ChildProcessError` if there is none any more."""
        eventually(lambda: children(self.init) or self.outer.poll() is not None, "the command runs")
        if running := children(self.init):
            return running[0]
        raise _ended(self.outer)

    def ask(self, script: str) -> str:
        """Have a container of `shell` do a line of script; returns what it prints, raises if it fails."""
        self.outer.stdin.write(f"{script}\n".encode())
        self.outer.stdin.flush()
        lines = []
        while not (line := self.lines.next()).startswith("--"):
            lines.append(line)
        printed = "\n".join(lines)  # with an end of the last line only if the script printed one
        if line != "--0":
            raise subprocess.CalledProcessError(int(line[2:]), script, printed)
        return printed

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the command a signal, and wait until the container is gone with it."""
        kill(self.pid, number)
        self.outer.wait(PATIENCE_S)

    def end(self) -> None:
        """Leave nothing of it behind."""
        kill(self.init)
        self.outer.kill()
        self.outer.wait(PATIENCE_S)
        wait_until_gone(self.init)
        for pipe in (self.outer.stdin, self.outer.stdout):
            pipe.close()


@dataclass(frozen=True)
class Bubblewrap:
    """Runs commands in containers.

    `flags` are what a container is given more, such as `["--ro-bind", directory, "/tokens"]`. `uid` 0 is root
    in a user namespace that has no other user: he reads what root has on the host and what all may read. 1000
    is the user 1000 of the host, in no namespace of users, and only root can start it.
    """

    rootfs: Rootfs

    def argv(self, flags: Sequence[str], *command: str, uid: int = 0) -> list[str]:
        """Return the whole command line."""
        namespaces = ("--unshare-all",) if uid == 0 else _ALL_BUT_USERS
        binds = [part for name in ("bin", "etc") for part in ("--ro-bind", f"{self.rootfs.path / name}", f"/{name}")]
        places = ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp", "--dir", TOKENS]
        environ = ["--clearenv", "--setenv", "PATH", "/bin"]
        of_agent = () if uid == 0 else _AS_AGENT
        return ["bwrap", *namespaces, "--die-with-parent", *binds, *places, *environ, *flags, "--", *of_agent, *command]

    def run(self, flags: Sequence[str], *command: str, uid: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        argv = self.argv(flags, *command, uid=uid)
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    @contextmanager
    def start(self, flags: Sequence[str], *command: str, uid: int = 0) -> Iterator[BubblewrapContainer]:
        """Run a command in a container that is gone afterwards. Its errors go where those of the test go."""
        told, tell = os.pipe()
        argv = self.argv(["--info-fd", str(tell), *flags], *command, uid=uid)
        with open(told, encoding="utf-8") as info:  # noqa: PTH123 - a descriptor
            try:
                outer = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[tell])
            finally:
                os.close(tell)
            container = _begun(outer, info.read())
        try:
            yield container
        finally:
            container.end()

    @contextmanager
    def shell(self, flags: Sequence[str], uid: int = 0) -> Iterator[BubblewrapContainer]:
        """Run a shell in a container, for `ask`."""
        with self.start(flags, "sh", "-c", _PASSED_ON, uid=uid) as container:
            yield container


def _begun(outer: subprocess.Popen, told: str) -> BubblewrapContainer:
    """Take what bubblewrap told of the container (`--info-fd`): nothing, if it could not begin one."""
    if not told:
        with outer:
            outer.stdin.close()
        raise _ended(outer)
    return BubblewrapContainer(outer, json.loads(told)["child-pid"], Lines(outer.stdout))


def _ended(outer: subprocess.Popen) -> ChildProcessError:
    return ChildProcessError(f"bubblewrap ended with {outer.returncode}; what it said is among the errors")


def why_no_bubblewrap(rootfs: Rootfs) -> str | None:
    """Say what is missing: the program, or the kernel's consent."""
    if shutil.which("bwrap") is None:
        return "needs bubblewrap: apt-get install bubblewrap"
    tried = Bubblewrap(rootfs).run([], "true")
    return None if tried.returncode == 0 else f"the kernel lets bubblewrap start no container: {tried.stderr.strip()}"
