"""What the system does not let us remove stays where it stood, and `can_remove` says so without trying."""

import os
import subprocess
from contextlib import contextmanager

import pytest

from adapters.filesystem import DirectoryLegacyFileSource
from domain.legacy.files import LegacyRef, Root
from domain.ports.legacy_file_source import SourceRemains

REVIEWER = LegacyRef(Root.CONFIG, "tokens/reviewer")
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root mounts, makes files immutable and takes another uid"
)


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


def state_of(directory):
    return {entry.name: (entry.lstat().st_mode, entry.lstat().st_ino) for entry in directory.iterdir()}


def run_or_skip(*command):
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"{command[0]} is not let to work here")


@contextmanager
def flagged(path, flag):
    run_or_skip("chattr", f"+{flag}", path)
    try:
        yield
    finally:
        subprocess.run(["chattr", f"-{flag}", path], check=True)


@contextmanager
def mounted_read_only(path):
    run_or_skip("mount", "--bind", path, path)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", path], check=True)
        yield
    finally:
        subprocess.run(["umount", path], check=True)


@contextmanager
def mounted_over(path, other):
    run_or_skip("mount", "--bind", other, path)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


@contextmanager
def as_another_user(tmp_path, monkeypatch):
    """Another uid, to which permissions apply. All paths are relative, as it may not pass the directories above."""
    monkeypatch.chdir(tmp_path)
    relative = tmp_path.__class__()
    os.seteuid(65_534)
    try:
        yield DirectoryLegacyFileSource(relative / "state", relative / "config")
    finally:
        os.seteuid(0)


@needs_root
@pytest.mark.parametrize("flag", ["i", "a"])
@pytest.mark.parametrize("place", ["file", "directory"])
def test_what_is_immutable_or_append_only_remains(source, token_file, fingerprint, flag, place):
    with flagged(token_file if place == "file" else token_file.parent, flag):
        assert not source.can_remove(REVIEWER)
        with pytest.raises(SourceRemains, match="Operation not permitted"):
            source.remove(REVIEWER, fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}
    assert source.can_remove(REVIEWER)


@needs_root
def test_a_file_in_a_read_only_mount_remains(source, token_file):
    with mounted_read_only(token_file.parent):
        assert not source.can_remove(REVIEWER)
        with pytest.raises(SourceRemains, match="Read-only file system"):
            source.remove(REVIEWER, source.read(REVIEWER).fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


@needs_root
def test_a_file_that_is_mounted_by_itself_remains(source, token_file, tmp_path):
    (tmp_path / "secret").write_bytes(b"tok-1\n")
    with mounted_over(token_file, tmp_path / "secret"):
        assert not source.can_remove(REVIEWER)
        with pytest.raises(SourceRemains, match="Device or resource busy"):
            source.remove(REVIEWER, source.read(REVIEWER).fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


@needs_root
def test_without_permission_in_the_directory_a_file_remains(token_file, tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    with as_another_user(tmp_path, monkeypatch) as source:
        assert not source.can_remove(REVIEWER)
        with pytest.raises(SourceRemains, match="Permission denied"):
            source.remove(REVIEWER, source.read(REVIEWER).fingerprint)

    assert contents(token_file.parent) == {"reviewer": b"tok-1\n"}


@needs_root
@pytest.mark.parametrize("owner", [0, 65_534])
def test_in_a_sticky_directory_only_the_owner_removes(token_file, tmp_path, monkeypatch, owner):
    tmp_path.chmod(0o755)
    token_file.parent.chmod(0o1777)
    os.chown(token_file, owner, 0)
    with as_another_user(tmp_path, monkeypatch) as source:
        fingerprint = source.read(REVIEWER).fingerprint
        allowed = source.can_remove(REVIEWER)
        if owner == 0:
            with pytest.raises(SourceRemains, match="Operation not permitted"):
                source.remove(REVIEWER, fingerprint)
        else:
            source.remove(REVIEWER, fingerprint)

    assert allowed is (owner != 0)
    assert token_file.exists() is (owner == 0)


def test_asking_writes_nothing(source, token_file):
    before = state_of(token_file.parent), token_file.stat(), token_file.parent.stat()

    source.can_remove(REVIEWER)

    after = state_of(token_file.parent), token_file.stat(), token_file.parent.stat()
    assert [(s.st_mtime_ns, s.st_ctime_ns) for s in after[1:]] == [(s.st_mtime_ns, s.st_ctime_ns) for s in before[1:]]
    assert after[0] == before[0]
