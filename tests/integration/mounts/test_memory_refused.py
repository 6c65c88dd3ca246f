"""A place where no token may be is refused: a disk, another service's, one that others can reach into."""

import errno
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount, kernel, memory_root
from domain.errors import MountRefused
from tests.support import token_memory
from tests.support.memory_directory import mounts_below
from tests.support.token_memory import (
    AN_ORDINARY_USER,
    OURS,
    SERVICE,
    as_user,
    skip_unless_root,
)

runtime, mounts = token_memory.runtime, token_memory.mounts


@pytest.fixture
def rooted(runtime):
    """The same, for tests that mount."""
    skip_unless_root()
    return runtime


@pytest.fixture
def disk(tmp_path):
    """A directory on a disk of the ordinary user."""
    skip_unless_root()
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path.is_relative_to(tempfile.gettempdir()):
            path.chmod(0o711)
    directory = tmp_path / "disk"
    directory.mkdir()
    os.chown(directory, AN_ORDINARY_USER, AN_ORDINARY_USER)
    if DirectoryTokenMount(directory, service=SERVICE).look().is_in_memory:
        pytest.skip("the temporary directory is in memory: set TMPDIR to one on a disk")
    return directory


def prepared(root, service=SERVICE):
    return DirectoryTokenMount(root, service=service).prepare()


def refused(root, service=SERVICE):
    with pytest.raises(MountRefused) as refusal:
        prepared(root, service)
    return refusal.value


def tree(root):
    return sorted(str(path) for path in root.rglob("*"))


def test_one_that_may_not_mount_after_all_leaves_nothing_on_a_disk(disk, mocker):
    mocker.patch.object(kernel, "mount_tmpfs", side_effect=PermissionError(errno.EPERM, "no"))

    assert "on a disk" in refused(disk / "a" / "run").message
    assert tree(disk) == []


def test_a_kernel_that_refuses_the_mount_itself_is_told_in_its_words(rooted, mocker):
    mocker.patch.object(kernel, "mount_tmpfs", side_effect=OSError(errno.ENODEV, "no"))

    assert os.strerror(errno.ENODEV) in refused(rooted).message
    assert not rooted.exists()


@pytest.mark.parametrize("place", ["run", "a/b/run", "."])
def test_a_disk_is_refused_to_an_ordinary_user_and_nothing_is_left_there(disk, place):
    def act():
        fault = refused(disk / place)
        assert "on a disk" in fault.message
        assert "/dev/shm/claude-hooks" in fault.advice

    as_user(AN_ORDINARY_USER, act)
    assert tree(disk) == []


def test_where_there_is_no_spare_memory_none_is_advised(disk, mocker):
    mocker.patch.object(memory_root, "_SPARE", disk)

    def act():
        assert str(disk) not in refused(disk / "run").advice

    as_user(AN_ORDINARY_USER, act)


def test_a_second_service_is_refused_and_both_are_named(runtime):
    prepared(runtime)
    before = tree(runtime), mounts_below(runtime)
    fault = refused(runtime, "/home/other/state")

    assert SERVICE in fault.message
    assert "/home/other/state" in fault.message
    assert (tree(runtime), mounts_below(runtime)) == before
    other = DirectoryTokenMount(runtime, service="/home/other/state")
    assert (other.wipe("reviewer", "penpot-token"), other.sweep({}), other.release()) == (False, [], False)


def test_a_second_service_covers_nothing_that_the_first_has(rooted):
    """The first could not mount, the second can."""
    rooted.mkdir(0o711)
    (rooted / "service").write_text("/home/other/state")

    assert "/home/other/state" in refused(rooted).message
    assert mounts_below(rooted) == []


def test_what_a_second_service_sweeps_is_not_the_firsts(mounts):
    mounts.write("reviewer", "penpot-token", b"pen", OURS)
    other = DirectoryTokenMount(mounts._root.path, service="/home/other/state")

    assert other.sweep({}) == []
    assert other.wipe("reviewer", "penpot-token") is False
    assert Path(mounts.directory("reviewer"), "penpot-token").read_bytes() == b"pen"


def test_a_link_is_refused(runtime):
    (runtime.parent / "elsewhere").mkdir(0o711)
    runtime.symlink_to("elsewhere")

    assert "is a link" in refused(runtime).message
    assert tree(runtime.parent / "elsewhere") == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o731])
def test_a_directory_that_others_may_write_to_is_refused(runtime, mode):
    runtime.mkdir()
    runtime.chmod(mode)

    assert "others may write" in refused(runtime).message
    assert (tree(runtime), mounts_below(runtime)) == ([], [])


def test_a_directory_of_another_user_is_refused(rooted):
    rooted.mkdir(0o711)
    os.chown(rooted, AN_ORDINARY_USER, AN_ORDINARY_USER)

    assert "another user" in refused(rooted).message
    assert (tree(rooted), mounts_below(rooted)) == ([], [])


def test_a_file_is_refused(runtime):
    runtime.write_text("something")

    assert str(runtime) in refused(runtime).message
    assert runtime.read_text() == "something"


def test_nothing_of_others_is_hidden_below_a_mount(rooted):
    (rooted / "data").mkdir(parents=True)

    assert "not empty" in refused(rooted).message
    assert mounts_below(rooted) == []


def test_what_a_container_runtime_made_for_itself_on_a_disk_is_covered(disk):
    (disk / "run" / "agents" / "reviewer").mkdir(parents=True)
    try:
        assert prepared(disk / "run").is_own
        assert tree(disk / "run") == [str(disk / "run" / name) for name in ("agents", "records", "service")]
    finally:
        subprocess.run(["umount", disk / "run"], check=True)
