"""The memory for tokens is mounted once, with what keeps it from a disk, and then used by all."""

import errno
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount, FileMountRegister, kernel, memory_root
from domain.mounts import Mount, Owner
from tests.support import token_memory
from tests.support.memory_directory import mounts_below
from tests.support.token_memory import (
    AN_ORDINARY_USER,
    SERVICE,
    as_user,
    mount,
    mount_options,
    skip_unless_root,
    without_noswap,
)

runtime = token_memory.runtime
HARDENED = {"nosuid", "nodev", "noexec", "mode=700", "size=65536k", "nr_inodes=16384"}


def modes(root):
    return {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in (root, *root.rglob("*"))}


@pytest.fixture
def rooted(runtime):
    """The same, for tests that mount."""
    skip_unless_root()
    return runtime


def prepared(root, service=SERVICE):
    return DirectoryTokenMount(root, service=service).prepare()


def tree(root):
    return sorted(str(path) for path in root.rglob("*"))


def test_a_file_system_of_our_own_is_mounted_and_closed_to_all_mischief(rooted):
    memory = prepared(rooted)

    ((kind, options),) = mount_options(rooted)
    assert (kind, options >= HARDENED) == ("tmpfs", True), options
    assert "noswap" in options or without_noswap()
    assert (memory.root, memory.filesystem, memory.is_own) == (str(rooted), "tmpfs", True)
    assert memory.may_swap is False or without_noswap()


def test_the_layout_has_its_modes_whatever_the_umask_is(runtime):
    before = os.umask(0o077)
    try:
        prepared(runtime)
    finally:
        os.umask(before)

    assert modes(runtime) == {".": 0o700, "service": 0o600, "agents": 0o711, "records": 0o700}
    os.umask(0)
    try:
        (runtime / "agents").chmod(0o700)
        prepared(runtime)
    finally:
        os.umask(before)
    assert modes(runtime)["agents"] == 0o711


def test_missing_parents_are_made(rooted):
    root = rooted / "a" / "b" / "run"
    prepared(root)

    assert mounts_below(rooted) == [str(root)]
    assert [path.stat().st_mode & 0o777 for path in (root, root.parent, rooted)] == [0o700, 0o755, 0o755]


def test_looking_changes_nothing(runtime):
    mounts = DirectoryTokenMount(runtime, service=SERVICE)
    assert mounts.look() is None
    runtime.mkdir()
    before = runtime.stat().st_mtime_ns

    assert mounts.look().is_own is False
    assert (tree(runtime), runtime.stat().st_mtime_ns, mounts_below(runtime)) == ([], before, [])


def test_what_is_ready_is_not_mounted_again(rooted):
    for _ in range(3):
        prepared(rooted)

    assert mounts_below(rooted) == [str(rooted)]


def test_a_kernel_without_noswap_is_told_to_be_one_that_may_swap(rooted, mocker):
    real = kernel._mount

    def older(path, options):
        if "noswap" in options:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(path, options)

    mocker.patch.object(kernel, "_mount", older)
    mocker.patch.object(kernel, "_has_swap", return_value=True)

    assert prepared(rooted).may_swap is True
    ((_, options),) = mount_options(rooted)
    assert "noswap" not in options
    assert options >= HARDENED


def test_one_that_may_not_mount_after_all_uses_memory_as_it_is(rooted, mocker):
    mocker.patch.object(kernel, "mount_tmpfs", side_effect=PermissionError(errno.EPERM, "no"))

    memory = prepared(rooted)
    assert (memory.filesystem, memory.is_own) == ("tmpfs", False)
    mocker.stopall()
    assert prepared(rooted).is_own is False  # containers may have it by now


def test_an_ordinary_user_needs_nothing_but_a_place_in_memory(runtime):
    skip_unless_root()
    base = runtime.parent / "mine"
    base.mkdir()
    os.chown(base, AN_ORDINARY_USER, AN_ORDINARY_USER)
    me = Owner(AN_ORDINARY_USER, AN_ORDINARY_USER)

    def act():
        mounts = DirectoryTokenMount(base / "run", service=SERVICE)
        register = FileMountRegister(base / "run", service=SERVICE)
        memory = mounts.prepare()
        assert (memory.filesystem, memory.is_own) == ("tmpfs", False)
        token = Path(mounts.directory("reviewer"), "tokens/reviewer")
        for content in (b"tok-1", b"tok-2"):
            assert mounts.write("reviewer", "tokens/reviewer", content, me) is True
            assert token.read_bytes() == content
        assert mounts.write("reviewer", "tokens/reviewer", b"tok-2", me) is False
        register.keep(Mount(agent="reviewer", owner=me, opened_at=1))
        assert register.all()[0].owner == me
        assert mounts.release() is False
        assert mounts.wipe("reviewer", "tokens/reviewer") is True
        mounts.write("coder", "penpot-token", b"pen", me)
        assert mounts.sweep({}) == ["coder/penpot-token"]
        assert register.forget("reviewer") is True

    as_user(AN_ORDINARY_USER, act)


def test_memory_that_somebody_else_mounted_is_used_if_it_never_swaps(rooted):
    kind, options = ("ramfs", "mode=0711") if without_noswap() else ("tmpfs", "mode=0711,noswap")
    mount(rooted, options, kind=kind)
    memory = prepared(rooted)

    assert (mounts_below(rooted), memory.filesystem) == ([str(rooted)], kind)
    assert DirectoryTokenMount(rooted, service=SERVICE).release() is False  # it is not ours to take


def test_ramfs_is_memory_that_never_swaps(rooted, mocker):
    mocker.patch.object(kernel, "_has_swap", return_value=True)
    mount(rooted, "mode=0711", kind="ramfs")
    memory = prepared(rooted)

    assert (memory.filesystem, memory.may_swap, memory.is_in_memory, memory.is_own) == ("ramfs", False, True, True)
    assert len(mount_options(rooted)) == 1


def test_memory_that_may_swap_is_covered_by_some_that_never_does(rooted):
    if without_noswap():
        pytest.skip("noswap takes Linux 6.4")
    mount(rooted, "mode=0711")
    prepared(rooted)

    assert ["noswap" in options for _, options in mount_options(rooted)] == [False, True]


def test_a_process_that_was_killed_while_it_claimed_the_memory_leaves_it_to_the_next(rooted):
    prepared(rooted)
    (rooted / "service").rename(rooted / ".service.0123456789abcdef.tmp")

    assert prepared(rooted).is_own
    assert mounts_below(rooted) == [str(rooted)]


def _behind(barrier, root, said):
    barrier.wait(30)
    said.put(prepared(root).is_own)


def test_processes_that_make_it_ready_at_once_mount_it_once(rooted):
    context = multiprocessing.get_context("fork")
    for number in range(10):
        root = rooted / str(number)
        barrier, said = context.Barrier(4), context.Queue()
        processes = [context.Process(target=_behind, args=(barrier, root, said)) for _ in range(4)]
        for process in processes:
            process.start()
        assert [said.get(timeout=30) for _ in processes] == [True] * 4
        for process in processes:
            process.join(30)
        assert mounts_below(root) == [str(root)]


def test_one_that_was_slower_finds_it_mounted(rooted, mocker):
    """Between its look and its mount another process mounts."""
    real = memory_root.fcntl.flock

    def slow(descriptor, operation):
        kernel.mount_tmpfs(rooted, "size=64m,nr_inodes=16384,mode=0711")
        real(descriptor, operation)

    mocker.patch.object(memory_root.fcntl, "flock", slow)

    assert prepared(rooted).is_own
    assert mounts_below(rooted) == [str(rooted)]


def test_one_that_is_in_it_is_waited_for(rooted):
    """Whoever mounts holds the lock of the directory below: a second one begins when the first has ended."""
    rooted.mkdir(0o711)
    holding = os.open(rooted, os.O_RDONLY)
    memory_root.fcntl.flock(holding, memory_root.fcntl.LOCK_EX)
    program = "import sys; from pathlib import Path; from adapters.filesystem import DirectoryTokenMount as D\n"
    program += "print('begun', flush=True); D(Path(sys.argv[1]), service='s').prepare(); print('done', flush=True)"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    begun = [sys.executable, "-c", program, str(rooted)]
    with subprocess.Popen(begun, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert mounts_below(rooted) == []
        os.close(holding)
        assert process.stdout.readline() == "done\n"
    assert mounts_below(rooted) == [str(rooted)]
