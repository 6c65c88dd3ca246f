"""No file is removed but the one that was read, and what cannot be removed stays where it stood."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from adapters.filesystem import DirectoryLegacyFileSource
from domain.legacy.files import LegacyRef, Root
from domain.ports.legacy_file_source import SourceChanged, SourceRemains

REVIEWER = LegacyRef(Root.CONFIG, "tokens/reviewer")
ASIDE = LegacyRef(Root.CONFIG, "tokens/.reviewer.strongroom-0123456789abcdef", aside_of="tokens/reviewer")
KILLED_REMOVAL = """
import os, signal, sys
from pathlib import Path
from adapters.filesystem import DirectoryLegacyFileSource
source = DirectoryLegacyFileSource(Path(sys.argv[1], "state"), Path(sys.argv[1], "config"))
(ref,) = source.list()
fingerprint = source.read(ref).fingerprint
setattr(os, sys.argv[2], lambda *_args, **_kwargs: os.kill(os.getpid(), signal.SIGKILL))
source.remove(ref, fingerprint)
"""


@pytest.fixture
def tokens(tmp_path):
    (tmp_path / "config" / "tokens").mkdir(parents=True)
    return tmp_path / "config" / "tokens"


@pytest.fixture
def token_file(tokens):
    (tokens / "reviewer").write_bytes(b"tok-1\n")
    return tokens / "reviewer"


@pytest.fixture
def source(tmp_path):
    return DirectoryLegacyFileSource(tmp_path / "state", tmp_path / "config")


@pytest.fixture
def fingerprint(source, token_file):
    return source.read(REVIEWER).fingerprint


def contents(directory):
    return {entry.name: entry.read_bytes() for entry in directory.iterdir()}


def fail_with(number):
    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def fail_once(number, call):
    faults = [OSError(number, os.strerror(number))]

    def run(*args, **kwargs):
        if faults:
            raise faults.pop()
        return call(*args, **kwargs)

    return run


def test_the_file_that_was_read_is_removed_and_its_neighbour_stays(source, token_file, fingerprint):
    (token_file.parent / "builder").write_bytes(b"tok-2")

    assert source.can_remove(REVIEWER)
    source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {"builder": b"tok-2"}


def test_removing_twice_is_no_error(source, token_file, fingerprint):
    source.remove(REVIEWER, fingerprint)
    source.remove(REVIEWER, fingerprint)
    token_file.parent.rmdir()
    source.remove(REVIEWER, fingerprint)

    assert source.can_remove(REVIEWER)


def test_the_directory_is_synced_after_the_removal(source, token_file, fingerprint, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: seen.append(contents(token_file.parent)))

    source.remove(REVIEWER, fingerprint)

    assert seen == [{}]


def test_of_two_hard_links_only_the_listed_one_goes(source, token_file, tmp_path):
    os.link(token_file, tmp_path / "second")
    source.remove(REVIEWER, source.read(REVIEWER).fingerprint)

    assert not token_file.exists()
    assert (tmp_path / "second").read_bytes() == b"tok-1\n"


def test_a_name_that_is_not_utf_8_is_removed(source, tokens):
    ref = LegacyRef(Root.CONFIG, "tokens/" + os.fsdecode(b"\xff\xfe"))
    (tokens / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")

    source.remove(ref, source.read(ref).fingerprint)

    assert contents(tokens) == {}


def replace_by_rename(path):
    path.with_name("new").write_bytes(b"tok-2\n")
    path.with_name("new").replace(path)


def write_over_with_the_old_mtime(path):
    stat = path.stat()
    path.write_bytes(b"tok-2\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace_by_a_link(path):
    path.with_name("elsewhere").write_bytes(b"tok-1\n")
    path.unlink()
    path.symlink_to("elsewhere")


def replace_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_a_directory(path):
    path.unlink()
    path.mkdir()


CHANGES = {
    "replaced by rename": replace_by_rename,
    "written over": lambda path: path.write_bytes(b"tok-2\n"),
    "written over with the old mtime": write_over_with_the_old_mtime,
    "touched": lambda path: os.utime(path, ns=(1, 1)),
    "grown": lambda path: path.write_bytes(b"tok-1\ntok-2\n"),
    "a link now": replace_by_a_link,
    "a pipe now": replace_by_a_pipe,
    "a directory now": replace_by_a_directory,
}


def state_of(directory):
    return {entry.name: (entry.lstat().st_mode, entry.lstat().st_ino) for entry in directory.iterdir()}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_after_it_was_read_stays(source, token_file, fingerprint, change):
    CHANGES[change](token_file)
    before = state_of(token_file.parent)

    with pytest.raises(SourceChanged, match="tokens/reviewer"):
        source.remove(REVIEWER, fingerprint)

    assert state_of(token_file.parent) == before


def test_an_obviously_changed_file_is_not_even_moved(source, token_file, fingerprint, monkeypatch):
    replace_by_rename(token_file)
    monkeypatch.setattr(os, "rename", fail_with(errno.EIO))

    with pytest.raises(SourceChanged):
        source.remove(REVIEWER, fingerprint)


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_between_the_look_and_the_move_comes_back(
    source, token_file, fingerprint, monkeypatch, change
):
    rename = os.rename
    states = []

    def too_late(*args, **kwargs):
        if not states:
            CHANGES[change](token_file)
            states.append(state_of(token_file.parent))
        rename(*args, **kwargs)

    monkeypatch.setattr(os, "rename", too_late)
    with pytest.raises(SourceChanged):
        source.remove(REVIEWER, fingerprint)

    assert [state_of(token_file.parent)] == states


def test_a_name_that_was_taken_meanwhile_is_not_overwritten_and_what_stood_aside_is_listed(
    source, token_file, fingerprint, monkeypatch
):
    rename = os.rename

    def rename_and_write_anew(*args, **kwargs):
        token_file.write_bytes(b"tok-2\n")
        rename(*args, **kwargs)
        token_file.write_bytes(b"tok-3\n")

    monkeypatch.setattr(os, "rename", rename_and_write_anew)
    with pytest.raises(SourceChanged):
        source.remove(REVIEWER, fingerprint)

    assert sorted(contents(token_file.parent).values()) == [b"tok-2\n", b"tok-3\n"]
    assert [ref.logical for ref in source.list()] == ["tokens/reviewer", "tokens/reviewer"]


def test_a_file_that_is_open_for_writing_stays(source, token_file, fingerprint):
    with token_file.open("ab"), pytest.raises(SourceChanged, match="open for writing"):
        source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


def test_a_file_that_is_open_for_reading_is_removed(source, token_file, fingerprint):
    with token_file.open("rb"):
        source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {}


def test_a_file_that_goes_by_itself_meanwhile_is_removed(source, token_file, fingerprint, monkeypatch):
    rename = os.rename

    def too_late(*args, **kwargs):
        token_file.unlink()
        rename(*args, **kwargs)

    monkeypatch.setattr(os, "rename", too_late)
    source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["rename", "unlink"])
def test_a_file_that_cannot_be_removed_stays_where_it_stood(source, token_file, monkeypatch, call, number):
    fingerprint = source.read(REVIEWER).fingerprint
    monkeypatch.setattr(os, call, fail_once(number, getattr(os, call)))

    with pytest.raises(SourceRemains, match=os.strerror(number)) as caught:
        source.remove(REVIEWER, fingerprint)

    assert caught.value.advice
    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}
    assert token_file.stat().st_nlink == 1


def test_without_hard_links_the_file_comes_back_by_rename(source, token_file, fingerprint, monkeypatch):
    monkeypatch.setattr(os, "unlink", fail_with(errno.EPERM))
    monkeypatch.setattr(os, "link", fail_with(errno.EPERM))

    with pytest.raises(SourceRemains):
        source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


def test_an_interrupted_removal_puts_the_file_back(source, token_file, fingerprint, monkeypatch):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("adapters.filesystem.legacy_removal._sha256", interrupt)
        with pytest.raises(KeyboardInterrupt):
            source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


@pytest.mark.parametrize("call", ["rename", "unlink", "fsync"])
def test_after_a_kill_at_any_step_the_next_run_ends_the_removal(source, token_file, tmp_path, call):
    killed = subprocess.run([sys.executable, "-c", KILLED_REMOVAL, tmp_path, call], check=False)
    left = contents(token_file.parent)

    for ref in source.list():
        assert ref.logical == "tokens/reviewer"
        source.remove(ref, source.read(ref).fingerprint)

    assert killed.returncode == -signal.SIGKILL
    assert list(left.values()) == ([] if call == "fsync" else [b"tok-1\n"])
    assert contents(token_file.parent) == {}


def test_a_removal_that_may_not_last_is_told(source, token_file, fingerprint, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail_with(errno.EIO))

    with pytest.raises(SourceRemains, match="could not be made durable: Input/output error"):
        source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {}


def test_a_file_that_was_set_aside_is_removed_without_another_move(source, tokens, monkeypatch):
    (tokens / ".reviewer.strongroom-0123456789abcdef").write_bytes(b"tok-1\n")
    (tokens / "reviewer").write_bytes(b"tok-2\n")
    monkeypatch.setattr(os, "rename", fail_with(errno.EIO))
    fingerprint = source.read(ASIDE).fingerprint

    source.remove(ASIDE, fingerprint)
    source.remove(ASIDE, fingerprint)

    assert contents(tokens) == {"reviewer": b"tok-2\n"}


def test_a_file_that_was_set_aside_and_changed_stays(source, tokens):
    aside = tokens / ".reviewer.strongroom-0123456789abcdef"
    aside.write_bytes(b"tok-1\n")
    fingerprint = source.read(ASIDE).fingerprint
    write_over_with_the_old_mtime(aside)

    with pytest.raises(SourceChanged, match="holds other bytes"):
        source.remove(ASIDE, fingerprint)
    with pytest.raises(SourceChanged, match="is not the file"):
        source.remove(ASIDE, replace(fingerprint, inode=1))

    assert contents(tokens) == {aside.name: b"tok-2\n"}


def test_tokens_that_became_a_link_is_not_followed(source, token_file, fingerprint, tmp_path):
    token_file.parent.rename(tmp_path / "elsewhere")
    token_file.parent.symlink_to(tmp_path / "elsewhere")

    assert not source.can_remove(REVIEWER)
    with pytest.raises(SourceChanged):
        source.remove(REVIEWER, fingerprint)

    assert contents(tmp_path / "elsewhere") == {"reviewer": b"tok-1\n"}
