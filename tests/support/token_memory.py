"""Memory in which the tests of token mounts work: ready, small, full, or seen by an ordinary user."""

import ctypes
import os
import re
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount
from domain.mounts import Owner
from tests.integration.faults.tracing import missing_tool
from tests.support.memory_directory import memory_directory

OURS = Owner(os.geteuid(), os.getegid())
SERVICE = "/var/lib/strongroom"
AN_ORDINARY_USER = 1000
OPTIONS = "mode=0711,nosuid,nodev,noexec"
_PR_SET_DUMPABLE = 4
CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<rest>.*)$", re.MULTILINE)


@pytest.fixture
def runtime():
    """The path of a runtime directory in memory that is not there yet; every user may pass."""
    skip_without_memory()
    with memory_directory() as root:
        root.parent.chmod(0o711)
        yield root


@pytest.fixture
def mounts(runtime):
    """Token mounts that are ready."""
    ready = DirectoryTokenMount(runtime, service=SERVICE)
    ready.prepare()
    return ready


def skip_without_memory():
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("/dev/shm cannot be written to: mount a tmpfs there")


def skip_unless_root():
    """Skip the test where we may not mount."""
    if os.geteuid():
        pytest.skip("mounting takes root: run the tests as root")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here: the container needs SYS_ADMIN")


def mount(root, options, *, kind="tmpfs"):
    """Mount memory of these options at `root`; `memory_directory` takes it away again."""
    root.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, "tokens", str(root)], check=True)


def remount(root, options):
    """Mount it anew, read-only or not, larger or smaller."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(root)], check=True)


def without_noswap():
    """Tell whether the kernel has no memory that never swaps: `noswap` came with Linux 6.4."""
    with memory_directory() as root:
        root.mkdir()
        tried = ["mount", "-t", "tmpfs", "-o", "noswap", "tokens", str(root)]
        return subprocess.run(tried, capture_output=True, check=False).returncode != 0


def a_small_memory(root, *options):
    """Mount memory of our own that has little room, and make token mounts ready in it."""
    mount(root, ",".join([OPTIONS, *options] + ([] if without_noswap() else ["noswap"])))
    small = DirectoryTokenMount(root, service=SERVICE)
    small.prepare()
    return small


def filled(root):
    """Take the last byte of room; returns what to unlink to have it back."""
    ballast = root / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def files_below(root):
    """Return everything below a directory that is no directory, with its bytes where it has some."""
    found = (path for path in sorted(root.rglob("*")) if path.is_symlink() or not path.is_dir())
    return {str(path.relative_to(root)): path.read_bytes() if is_plain(path) else None for path in found}


def is_plain(path):
    return path.is_file() and not path.is_symlink()


def mount_options(root):
    """Return the kinds and options of what is mounted at `root`, all layers of it (proc_pid_mountinfo(5))."""
    lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [(line[-3], {*line[5].split(","), *line[-1].split(",")}) for line in lines if line[4] == str(root)]


def as_user(uid, act):
    """Call `act` in a process of that user, without a capability; what it asserts is asserted here."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1)  # its own /proc is its own again
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - told to the parent, which fails for it
            os.write(writing, traceback.format_exc().encode()[-60_000:])
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        text = said.read().decode()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, text


def stepped(root, step, *strace):
    """Run one step of `tests/support/token_steps.py` in a process of its own, under strace if options are given."""
    program = [sys.executable, "-B", str(Path(__file__).with_name("token_steps.py")), str(root), step]
    traced = ["strace", "-f", "-qq", "-y", "-s", "0", *strace, *program] if strace else program
    paths = os.pathsep.join(path for path in sys.path if path)
    environ = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0"}  # the n-th call is the same in each run
    return subprocess.run(traced, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def state(path):
    found = path.lstat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


def identity(path):
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def traced(root, step, log):
    """Take a step under strace; returns the calls of it that are about our files, in their order."""
    if reason := missing_tool():
        pytest.skip(reason)
    calls = "openat,fchown,fchownat,chown,fchmod,fchmodat,chmod,write,ftruncate,truncate,rename,renameat,unlinkat"
    done = stepped(root, step, "-o", str(log), "-e", f"trace={calls}")
    assert done.returncode == 0, done.stderr
    return [call.groups() for call in CALL.finditer(log.read_text()) if str(root) in call["rest"]]
