"""A runtime directory as token mounts have it, and real containers to which parts of it are given."""

import os
import select
import shutil
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adapters.system import ProcMountWatch
from domain.mounts import Mounted
from tests.integration.packaging.programs import skip_unless_mounting_is_allowed
from tests.support.memory_directory import memory_directory

WAITS = "echo begun; exec sleep 600"
AN_ORDINARY_USER = 1000
PATIENCE_S = 20


def skip_without_bubblewrap():
    """Skip the test where there is no bubblewrap, or the kernel does not let it work."""
    if shutil.which("bwrap") is None:
        pytest.skip("bwrap is missing: apt-get install bubblewrap")
    # Not all of `/`: mounts of other tests come and go below it, and one that goes meanwhile is an error to it.
    links = [word for name in ("bin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    if subprocess.run(
        ["bwrap", "--ro-bind", "/usr", "/usr", *links, "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("bubblewrap cannot make namespaces here: the container needs SYS_ADMIN, or user namespaces")


def descendants(pid):
    """Return the numbers of all processes that `pid` began, and that those began."""
    try:
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*children, *(below for child in children for below in descendants(child))]


def view_of(pid, kind="mnt"):
    """Return the namespace of a process."""
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


class Container:
    """A command that said `begun`, and what it began."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"begun\n":
            self.end()
            raise AssertionError(f"{command[0]} did not begin")

    @property
    def pids(self):
        """Whoever sees other file systems than we do, the oldest first."""
        found = [self.process.pid, *descendants(self.process.pid)]
        return [pid for pid in found if view_of(pid) != view_of("self")]

    def end(self):
        """Kill them all, by number, and wait until they are gone."""
        for pid in descendants(self.process.pid)[::-1]:
            _end(pid)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def _end(pid):
    try:
        opened = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        os.kill(pid, signal.SIGKILL)
        select.select([opened], [], [], PATIENCE_S)
    except ProcessLookupError:
        pass
    finally:
        os.close(opened)


def bubblewrap(*sources, script=WAITS, uid=None):
    """Return a command that has each of `sources` read-only at `/mnt/<its place in the list>`."""
    binds = [word for place, source in enumerate(sources) for word in ("--ro-bind", str(source), f"/mnt/{place}")]
    user = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    base = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/mnt"]
    return [*user, *base, *binds, "--unshare-pid", "--die-with-parent", "--", "sh", "-c", script]


def unshared(source, target, script=WAITS):
    """Return a command in a mount namespace of its own that has `source` at `target`."""
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "$0" "$1" && {script}', str(source), str(target)]


class Runtime:
    """A runtime directory, and the containers that were begun on it."""

    def __init__(self, root):
        self.root = root
        self._stack = ExitStack()
        (root / "agents").mkdir(parents=True)

    def directory(self, agent):
        """Return what a container of an agent is given, with his tokens in it."""
        directory = self.root / "agents" / agent
        (directory / "tokens").mkdir(parents=True, exist_ok=True)
        (directory / "tokens" / agent).write_text("tok")
        (directory / "penpot-token").write_text("pen")
        return directory

    def run(self, command):
        """Begin a container; it is ended when the test is."""
        container = Container(command)
        self._stack.callback(container.end)
        return container

    def begin(self, agent, *mounted):
        """Begin one in bubblewrap that has of `agent` what is said."""
        directory, old = self.directory(agent), self.root / "agents" / agent / "old"
        old.touch()
        sources = {Mounted.DIRECTORY: directory, Mounted.FILE: directory / "tokens" / agent, Mounted.DELETED: old}
        container = self.run(bubblewrap(*(sources[each] for each in mounted)))
        old.unlink()
        return container

    def mount(self, *words, at):
        """Mount something, until the test ends."""
        subprocess.run(["mount", *map(str, words), str(at)], check=True)
        self._stack.callback(subprocess.run, ["umount", "--lazy", str(at)], check=True)

    def close(self):
        """End all that was begun."""
        self._stack.close()


@contextmanager
def a_runtime(root):
    """Give a runtime directory at `root`, which is below a file system in memory."""
    runtime = Runtime(root)
    try:
        yield runtime
    finally:
        runtime.close()


@pytest.fixture
def place():
    """Where a runtime directory may be, in memory; every user may pass."""
    with memory_directory() as place:
        place.parent.chmod(0o711)
        yield place


@pytest.fixture
def runtime(place):
    """The same as a runtime directory, with containers."""
    skip_without_bubblewrap()
    with a_runtime(place) as runtime:
        yield runtime


@pytest.fixture
def watch(place):
    """Looks at who has it mounted."""
    return ProcMountWatch(place)


@pytest.fixture
def target(tmp_path):
    """A directory to mount on, by a process that may."""
    skip_unless_mounting_is_allowed()
    (tmp_path / "target").mkdir()
    return tmp_path / "target"
