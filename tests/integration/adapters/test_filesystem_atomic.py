"""Files are written whole or not at all, and nothing of a failure stays behind."""

import errno
import os
import stat

import pytest

from adapters.filesystem import create_durably, fsync_directory, make_private_directory, write_durably


def fail_with(number):
    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def names_in(directory):
    return sorted(entry.name for entry in directory.iterdir())


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "token"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_written_file_is_private_whatever_the_umask(target, umask):
    before = os.umask(umask)
    try:
        write_durably(target, b"secret")
    finally:
        os.umask(before)

    assert mode_of(target) == 0o600
    assert target.read_bytes() == b"secret"


def test_the_mode_and_the_mtime_are_those_asked_for(target):
    write_durably(target, b"text", mode=0o640, mtime_ns=1_700_000_000_123_456_789)

    assert mode_of(target) == 0o640
    assert target.stat().st_mtime_ns == 1_700_000_000_123_456_789


def test_the_bytes_are_never_readable_by_others_before_they_are_whole(target, monkeypatch):
    modes = []
    write = os.write

    def observed(descriptor, data):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", observed)
    write_durably(target, b"secret")

    assert modes == [0o600]


def test_short_writes_are_carried_on(target, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))

    write_durably(target, b"0123456789")

    assert target.read_bytes() == b"0123456789"


def test_a_file_that_is_there_is_replaced_under_its_readers(target):
    target.write_bytes(b"old")

    with target.open("rb") as reader:
        write_durably(target, b"new")

        assert reader.read() == b"old"
    assert target.read_bytes() == b"new"


def test_a_link_is_replaced_and_what_it_leads_to_stays(target, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"other")
    target.symlink_to(other)

    write_durably(target, b"new")

    assert not target.is_symlink()
    assert other.read_bytes() == b"other"


@pytest.mark.parametrize("call", ["write", "fchmod", "utime", "fsync"])
def test_a_failure_half_way_keeps_the_old_file_and_leaves_nothing_else(target, monkeypatch, call):
    target.write_bytes(b"old")
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        write_durably(target, b"secret", mtime_ns=1)

    assert names_in(target.parent) == ["token"]
    assert target.read_bytes() == b"old"


def test_a_failing_rename_leaves_nothing_behind(target):
    target.mkdir()

    with pytest.raises(IsADirectoryError):
        write_durably(target, b"secret")

    assert names_in(target.parent) == ["token"]


def test_the_file_is_synced_before_it_gets_its_name_and_the_directory_after(target, monkeypatch):
    seen = []
    fsync = os.fsync

    def observed(descriptor):
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", observed)
    write_durably(target, b"text")

    assert seen == [(False, False), (True, True)]


def test_creating_never_overwrites(target):
    create_durably(target, b"first")

    with pytest.raises(FileExistsError):
        create_durably(target, b"second")

    assert target.read_bytes() == b"first"
    assert target.stat().st_nlink == 1
    assert names_in(target.parent) == ["token"]


def test_creating_does_not_follow_a_dangling_link(target, tmp_path):
    target.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        create_durably(target, b"text")

    assert names_in(tmp_path) == ["token"]


def test_every_directory_that_was_missing_is_private(tmp_path):
    make_private_directory(tmp_path / "a" / "b" / "c")

    assert [mode_of(tmp_path / path) for path in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_directory_that_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)

    make_private_directory(tmp_path / "open")

    assert mode_of(tmp_path / "open") == 0o755


def test_a_file_in_the_place_of_a_directory_is_told(target):
    target.write_bytes(b"")

    with pytest.raises(FileExistsError):
        make_private_directory(target)


def test_a_file_system_without_directory_syncs_is_put_up_with(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail_with(errno.EINVAL))

    fsync_directory(tmp_path)


def test_a_failing_directory_sync_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail_with(errno.EIO))

    with pytest.raises(OSError, match="Input/output error"):
        fsync_directory(tmp_path)
