"""What every source of old files does."""

import hashlib

import pytest

from domain.errors import NotFound
from domain.legacy.files import GITLAB_FILE, PENPOT_FILE, SESSIONS_FILE, TOKEN_SIZE_LIMIT, Kind, LegacyRef, Root
from domain.ports.legacy_file_source import SourceChanged, SourceTooLarge, SourceUnreadable

TOKEN_FILE = "tokens/reviewer"
REFS = [
    LegacyRef(Root.CONFIG, PENPOT_FILE),
    LegacyRef(Root.CONFIG, "tokens/a.b-c_d"),
    LegacyRef(Root.CONFIG, TOKEN_FILE),
    LegacyRef(Root.STATE, GITLAB_FILE),
    LegacyRef(Root.STATE, SESSIONS_FILE),
]
CONTENTS = {
    "empty": b"",
    "no line end": b"tok-hidden",
    "line end": b"tok-hidden\n",
    "carriage return": b"tok-hidden\r\n\r\n",
    "byte order mark": b"\xef\xbb\xbftok-hidden",
    "no UTF-8": b"\xff\xfe\x00tok",
    "NUL bytes": b"\x00" * 4_096,
    "every byte": bytes(range(256)),
    "at the limit": b"t" * TOKEN_SIZE_LIMIT,
}
NO_FILES = [Kind.DIRECTORY, Kind.SYMLINK, Kind.FIFO, Kind.SOCKET]


class LegacyFileSourceContract:
    """Subclasses override `source`, and `disk`, whose `put(path, content, kind=…)` lays an entry down anew."""

    @pytest.fixture
    def source(self):
        raise NotImplementedError

    @pytest.fixture
    def disk(self):
        raise NotImplementedError

    def test_an_empty_place_lists_nothing(self, source):
        assert source.list() == []

    def test_every_old_file_is_listed_sorted(self, source, disk):
        for ref in reversed(REFS):
            disk.put(ref.path, b"content")

        assert source.list() == REFS

    @pytest.mark.parametrize("path", ["tokens/reviewer~", "tokens/.reviewer.swp", "tokens/reviewer.bak"])
    def test_what_editors_leave_is_listed_for_it_may_hold_a_token(self, source, disk, path):
        disk.put(path, b"tok-hidden")

        assert source.list() == [LegacyRef(Root.CONFIG, path)]

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_the_bytes_are_read_as_they_are(self, source, disk, content):
        disk.put(TOKEN_FILE, content)

        file = source.read(source.list()[0])
        assert file.ref == LegacyRef(Root.CONFIG, TOKEN_FILE)
        assert file.content == content
        assert file.fingerprint.size == len(content)
        assert file.fingerprint.sha256 == hashlib.sha256(content).digest()
        assert (file.mode & 0o777, file.links) == (0o600, 1)

    def test_reading_twice_finds_the_same_file(self, source, disk):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]

        assert source.read(ref) == source.read(ref)

    def test_no_form_of_a_file_shows_its_content(self, source, disk):
        disk.put(TOKEN_FILE, b"tok-hidden")

        file = source.read(source.list()[0])

        assert "hidden" not in f"{file} {file!r}"

    def test_reading_what_is_not_there_is_not_found(self, source, disk):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]
        source.remove(ref, source.read(ref).fingerprint)

        with pytest.raises(NotFound):
            source.read(ref)

    def test_a_token_file_over_the_limit_is_not_read(self, source, disk):
        disk.put(TOKEN_FILE, b"t" * (TOKEN_SIZE_LIMIT + 1))

        with pytest.raises(SourceTooLarge) as caught:
            source.read(source.list()[0])

        assert "ttt" not in str(caught.value)

    def test_a_sessions_file_may_be_larger_than_a_token_file(self, source, disk):
        disk.put(SESSIONS_FILE, b" " * (TOKEN_SIZE_LIMIT + 1))

        assert len(source.read(source.list()[0]).content) == TOKEN_SIZE_LIMIT + 1

    @pytest.mark.timeout(30)
    @pytest.mark.parametrize("kind", NO_FILES)
    def test_what_is_no_regular_file_is_listed_and_never_read(self, source, disk, kind):
        disk.put(TOKEN_FILE, kind=kind)

        (ref,) = source.list()
        assert (ref.path, ref.kind) == (TOKEN_FILE, kind)
        with pytest.raises(SourceUnreadable):
            source.read(ref)

    @pytest.mark.timeout(30)
    @pytest.mark.parametrize("kind", NO_FILES)
    def test_a_file_that_became_something_else_is_neither_read_nor_removed(self, source, disk, kind):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]
        file = source.read(ref)
        disk.put(TOKEN_FILE, kind=kind)

        with pytest.raises(SourceUnreadable):
            source.read(ref)
        with pytest.raises(SourceChanged):
            source.remove(ref, file.fingerprint)

        assert [found.kind for found in source.list()] == [kind]

    def test_a_removed_file_is_gone_and_removing_again_is_no_error(self, source, disk):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]
        file = source.read(ref)

        source.remove(ref, file.fingerprint)
        source.remove(ref, file.fingerprint)

        assert source.list() == []

    def test_removing_one_leaves_the_others(self, source, disk):
        for ref in REFS:
            disk.put(ref.path, b"content")

        source.remove(REFS[2], source.read(REFS[2]).fingerprint)

        assert source.list() == REFS[:2] + REFS[3:]

    @pytest.mark.parametrize("content", [b"tok-other!", b"tok-longer-than-before", b"tok-hidden", b""])
    def test_a_file_that_was_replaced_stays(self, source, disk, content):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]
        stale = source.read(ref).fingerprint
        disk.put(TOKEN_FILE, content)

        with pytest.raises(SourceChanged):
            source.remove(ref, stale)

        assert source.read(source.list()[0]).content == content

    def test_the_fingerprint_of_another_file_removes_nothing(self, source, disk):
        disk.put(TOKEN_FILE, b"same")
        disk.put(PENPOT_FILE, b"same")
        penpot, token = source.list()

        with pytest.raises(SourceChanged):
            source.remove(token, source.read(penpot).fingerprint)

        assert source.list() == [penpot, token]

    def test_a_plain_file_can_be_removed_and_asking_writes_nothing(self, source, disk):
        disk.put(TOKEN_FILE, b"tok-hidden")
        ref = source.list()[0]
        file = source.read(ref)

        assert source.can_remove(ref) is True
        assert source.read(ref) == file
