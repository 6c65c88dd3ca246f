"""What lies elsewhere is for its owner only, whatever the mask."""

import os
import stat

import pytest

from adapters.offsite import FsspecOffsiteStore
from domain.errors import Unreachable
from tests.contracts.offsite_store import push


@pytest.fixture
def _no_mask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(params=["disk", "sftp"])
def shelf(request, _no_mask):
    if request.param == "disk":
        return request.getfixturevalue("disk")
    server = request.getfixturevalue("sftp_server")  # a new one, which has our mask
    server.stop()
    server.start()
    return request.getfixturevalue("own_directory")


def modes(directory):
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.glob("*")}


def test_files_and_the_directories_that_are_made_are_for_their_owner_only(shelf):
    push(shelf.plain)
    push(shelf.sealed)

    assert modes(shelf.directory) == {0o600}
    assert stat.S_IMODE(shelf.directory.stat().st_mode) == 0o700


def test_so_they_are_when_something_is_left_of_a_push_that_was_killed(shelf):
    push(shelf.plain)
    for name in shelf.names():
        (shelf.directory / name).rename(shelf.directory / f"{name}.partial")
    for path in shelf.directory.glob("*"):
        path.chmod(0o666)
    push(shelf.plain)

    assert modes(shelf.directory) == {0o600}


def test_of_a_disk_that_is_not_mounted_nothing_is_made(tmp_path):
    place = FsspecOffsiteStore(f"file://{tmp_path}/mnt/disk/copies", options={}, recipients=())
    with pytest.raises(Unreachable, match="is not there"):
        push(place)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_somebody_laid_where_we_write_is_not_followed(disk, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"somebody's")
    push(disk.plain)
    for name in disk.names():
        disk.remove(name)
        (disk.directory / f"{name}.partial").symlink_to(target)
    push(disk.plain)

    assert target.read_bytes() == b"somebody's"
    assert not any(path.is_symlink() for path in disk.directory.iterdir())
