"""An old file is read by descriptor: never through a link, never for ever, never half."""

import hashlib
import os
import socket

import pytest

from adapters.filesystem import DirectoryLegacyFileSource
from domain.errors import NotFound
from domain.legacy.files import MIB, TOKEN_SIZE_LIMIT, Kind, LegacyRef, Root
from domain.ports.legacy_file_source import SourceTooLarge, SourceUnreadable

REVIEWER = LegacyRef(Root.CONFIG, "tokens/reviewer")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root takes another uid")


@pytest.fixture
def tokens(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "config" / "tokens").mkdir(parents=True)
    return tmp_path / "config" / "tokens"


@pytest.fixture
def token_file(tokens):
    return tokens / "reviewer"


@pytest.fixture
def source(tmp_path):
    return DirectoryLegacyFileSource(tmp_path / "state", tmp_path / "config")


def test_a_file_is_read_with_all_that_must_still_hold_when_it_is_removed(source, token_file):
    token_file.write_bytes(b"tok-1\r\n")
    token_file.chmod(0o4640)
    os.utime(token_file, ns=(1, 1_700_000_000_123_456_789))
    os.link(token_file, token_file.with_name("second"))
    stat = token_file.stat()

    file = source.read(REVIEWER)

    assert (file.ref, file.content, file.mode, file.links) == (REVIEWER, b"tok-1\r\n", 0o4640, 2)
    assert (file.fingerprint.device, file.fingerprint.inode) == (stat.st_dev, stat.st_ino)
    assert (file.fingerprint.size, file.fingerprint.mtime_ns) == (7, 1_700_000_000_123_456_789)
    assert file.fingerprint.sha256 == hashlib.sha256(b"tok-1\r\n").digest()
    assert "tok-1" not in repr(file)


@pytest.mark.parametrize("content", [b"", b"\x00" * 10, bytes(range(256))])
def test_bytes_of_any_kind_are_read_as_they_are(source, token_file, content):
    token_file.write_bytes(content)

    assert source.read(REVIEWER).content == content


def test_a_name_that_is_not_utf_8_is_read(source, tokens):
    name = os.fsdecode(b"\xff\xfe")
    (tokens / name).write_bytes(b"x")

    assert source.read(LegacyRef(Root.CONFIG, f"tokens/{name}")).content == b"x"


def test_short_reads_are_carried_on(source, token_file, monkeypatch):
    token_file.write_bytes(b"0123456789")
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: read(descriptor, min(size, 3)))

    assert source.read(REVIEWER).content == b"0123456789"


@pytest.mark.parametrize(
    "ref",
    [
        REVIEWER,
        LegacyRef(Root.STATE, "sessions.json"),
        LegacyRef(Root.STATE, "tokens/reviewer"),
        LegacyRef(Root.CONFIG, "tokens/../penpot-token"),
        LegacyRef(Root.CONFIG, "../state/sessions.json"),
        LegacyRef(Root.CONFIG, "tokens/"),
        LegacyRef(Root.CONFIG, "tokens/.."),
        LegacyRef(Root.CONFIG, "agent-env/reviewer"),
        LegacyRef(Root.CONFIG, "master.key"),
        LegacyRef(Root.CONFIG, "/etc/passwd"),
        LegacyRef(Root.STATE, ""),
    ],
    ids=lambda ref: f"{ref.root}:{ref.path}",
)
def test_what_is_not_there_or_none_of_the_old_files_is_not_found(source, tmp_path, tokens, ref):
    for path in ("config/penpot-token", "config/master.key", "config/agent-env/reviewer"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"hidden")

    with pytest.raises(NotFound) as caught:
        source.read(ref)

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("kind", ["link", "dangling link", "loop", "directory", "pipe", "pipe with a writer", "socket"])
def test_what_is_no_regular_file_is_unreadable_at_once(source, token_file, tmp_path, monkeypatch, kind):
    writer = None
    if kind == "directory":
        token_file.mkdir()
    elif kind.startswith("pipe"):
        os.mkfifo(token_file)
        writer = os.open(token_file, os.O_RDWR) if "writer" in kind else None
    elif kind == "socket":
        monkeypatch.chdir(token_file.parent)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("reviewer")
    else:
        (tmp_path / "elsewhere").write_bytes(b"hidden")
        token_file.symlink_to({"link": tmp_path / "elsewhere", "loop": "reviewer"}.get(kind, "nowhere"))

    with pytest.raises(SourceUnreadable, match="tokens/reviewer is not a regular file"):
        source.read(REVIEWER)

    if writer is not None:
        os.close(writer)


def test_a_file_that_becomes_a_link_before_it_is_opened_is_not_followed(source, token_file, tmp_path, monkeypatch):
    token_file.write_bytes(b"tok-1")
    (tmp_path / "elsewhere").write_bytes(b"hidden")
    opened = os.open

    def swapped(path, *args, **kwargs):
        if path == "reviewer":
            token_file.unlink()
            token_file.symlink_to(tmp_path / "elsewhere")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(SourceUnreadable, match="Too many levels of symbolic links"):
        source.read(REVIEWER)


def test_tokens_that_became_a_link_is_not_followed(source, token_file, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "reviewer").write_bytes(b"hidden")
    token_file.parent.rmdir()
    token_file.parent.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SourceUnreadable):
        source.read(REVIEWER)


@pytest.mark.parametrize(
    ("ref", "limit"), [(REVIEWER, TOKEN_SIZE_LIMIT), (LegacyRef(Root.STATE, "gitlab-oauth-token.json"), MIB)]
)
def test_a_file_may_be_as_large_as_its_limit_and_no_larger(source, tmp_path, tokens, ref, limit):
    path = tmp_path / ref.root / ref.path
    path.write_bytes(b"x" * limit)
    assert len(source.read(ref).content) == limit

    path.write_bytes(b"x" * (limit + 1))
    with pytest.raises(SourceTooLarge, match=f"is larger than {limit} bytes"):
        source.read(ref)


def test_a_sparse_terabyte_is_too_large_and_not_read(source, tmp_path, tokens):
    with (tmp_path / "state" / "sessions.json").open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(SourceTooLarge, match="1073741824 bytes"):
        source.read(LegacyRef(Root.STATE, "sessions.json"))


def test_a_file_set_aside_has_the_limit_of_its_old_name(source, tmp_path, tokens):
    aside = ".gitlab-oauth-token.json.strongroom-0123456789abcdef"
    (tmp_path / "state" / aside).write_bytes(b"x" * (TOKEN_SIZE_LIMIT + 1))

    (ref,) = source.list()

    assert len(source.read(ref).content) == TOKEN_SIZE_LIMIT + 1


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written over"])
def test_a_file_that_changes_while_it_is_read_is_unreadable(source, token_file, monkeypatch, change):
    token_file.write_bytes(b"tok-1")
    os.utime(token_file, ns=(1, 1))
    read = os.read

    def disturbed(descriptor, size):
        token_file.write_bytes({"grows": b"tok-1-more", "shrinks": b"t"}.get(change, b"tok-2"))
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", disturbed)
    with pytest.raises(SourceUnreadable, match="changed while it was read"):
        source.read(REVIEWER)


def test_an_io_fault_is_unreadable_with_the_reason(source, token_file, monkeypatch):
    token_file.write_bytes(b"tok-1")

    def fail(*_args):
        raise OSError(5, "ignored")

    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(SourceUnreadable, match="tokens/reviewer cannot be read: Input/output error"):
        source.read(REVIEWER)


@needs_root
def test_without_permission_a_file_is_unreadable_with_the_reason(token_file, tmp_path, monkeypatch):
    token_file.write_bytes(b"tok-1")
    token_file.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    relative = tmp_path.__class__()
    os.seteuid(65_534)
    try:
        with pytest.raises(SourceUnreadable, match="Permission denied") as caught:
            DirectoryLegacyFileSource(relative / "state", relative / "config").read(REVIEWER)
    finally:
        os.seteuid(0)

    assert caught.value.advice


@pytest.mark.parametrize("root", ["a file", "a dangling link", "a loop"])
def test_what_was_listed_as_unreadable_is_unreadable_and_never_absent(source, tmp_path, root):
    if root == "a file":
        (tmp_path / "config").write_bytes(b"")
    else:
        (tmp_path / "config").symlink_to("nowhere" if root == "a dangling link" else "config")

    listed = source.list()
    assert {ref.kind for ref in listed} == {Kind.UNREADABLE}
    for ref in listed:
        with pytest.raises(SourceUnreadable):
            source.read(ref)


def test_the_tokens_directory_itself_is_no_file(source, tokens):
    with pytest.raises(SourceUnreadable, match="tokens is not a regular file"):
        source.read(LegacyRef(Root.CONFIG, "tokens", Kind.UNREADABLE))
