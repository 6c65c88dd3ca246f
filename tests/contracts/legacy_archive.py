"""What every archive of removed files does."""

import hashlib

import pytest

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import NotFound
from domain.instants import DAY_MS
from domain.legacy.files import PENPOT_FILE, SESSIONS_FILE, Fingerprint, LegacyFile, LegacyRef, Root

TOKEN = LegacyRef(Root.CONFIG, "tokens/reviewer")
OTHER = LegacyRef(Root.CONFIG, "tokens/builder")
SESSIONS = LegacyRef(Root.STATE, SESSIONS_FILE)
MTIME_NS = 1_700_000_000_123_456_789

CONTENTS = {
    "empty": b"",
    "one byte": b"t",
    "every byte": bytes(range(256)),
    "byte order mark and line ends": b"\xef\xbb\xbftok\r\n\r\n",
    "megabytes": bytes(range(251)) * 12_345,
    "a round number of bytes": b"\x00" * (1 << 20),
}


def a_file(ref=TOKEN, content=b"tok-hidden", *, mode=0o640, mtime_ns=MTIME_NS):
    fingerprint = Fingerprint(
        device=3, inode=7, size=len(content), mtime_ns=mtime_ns, sha256=hashlib.sha256(content).digest()
    )
    return LegacyFile(ref=ref, content=content, mode=mode, links=1, fingerprint=fingerprint)


class LegacyArchiveContract:
    """Subclasses override `archive`: an empty one that goes by `clock`."""

    @pytest.fixture
    def archive(self, clock):
        raise NotImplementedError

    @pytest.fixture
    def clock(self):
        return ManualClock()

    def test_an_empty_archive_has_nothing(self, archive):
        assert archive.contents() == []
        assert archive.list() == []
        assert archive.expire(NOON) == 0
        with pytest.raises(NotFound):
            archive.read(TOKEN)

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_the_bytes_come_back_as_they_were(self, archive, content):
        archive.keep(a_file(SESSIONS, content))

        file = archive.read(SESSIONS)
        assert file.content == content
        assert (file.ref, file.mode, file.fingerprint.mtime_ns) == (SESSIONS, 0o640, MTIME_NS)
        assert file.fingerprint.size == len(content)

    def test_what_may_be_shown_is_listed_without_the_content(self, archive):
        archive.keep(a_file())

        (kept,) = archive.contents()
        assert (kept.ref, kept.bytes, kept.mode, kept.mtime_ns) == (TOKEN, 10, 0o640, MTIME_NS)
        assert kept.archived_at == NOON
        assert "hidden" not in f"{kept!r} {archive.read(TOKEN)!r}"

    def test_the_same_bytes_of_the_same_path_are_kept_once(self, archive, clock):
        archive.keep(a_file())
        clock.advance(1)
        archive.keep(a_file(mtime_ns=MTIME_NS + 1))

        assert len(archive.contents()) == 1

    def test_keeping_again_a_day_later_makes_a_file_young_again(self, archive, clock):
        archive.keep(a_file(content=b"first"))
        clock.advance(1)
        archive.keep(a_file(content=b"second"))
        clock.advance(DAY_MS)
        archive.keep(a_file(content=b"first"))

        assert [(kept.bytes, kept.archived_at) for kept in archive.contents()] == [
            (6, NOON + 1),
            (5, NOON + 1 + DAY_MS),
        ]
        assert archive.read(TOKEN).content == b"first"

    def test_keeping_again_within_the_day_writes_nothing(self, archive, clock):
        archive.keep(a_file())
        clock.advance(DAY_MS - 1)
        archive.keep(a_file())

        assert [kept.archived_at for kept in archive.contents()] == [NOON]

    def test_the_same_bytes_of_two_paths_are_kept_twice(self, archive):
        archive.keep(a_file(TOKEN))
        archive.keep(a_file(OTHER))

        assert archive.list() == [OTHER, TOKEN]
        assert archive.read(TOKEN).content == archive.read(OTHER).content

    def test_other_bytes_of_one_path_are_both_kept_and_the_later_is_read(self, archive, clock):
        archive.keep(a_file(content=b"older"))
        clock.advance(1)
        archive.keep(a_file(content=b"new"))

        assert [(kept.bytes, kept.archived_at) for kept in archive.contents()] == [(5, NOON), (3, NOON + 1)]
        assert archive.list() == [TOKEN]
        assert archive.read(TOKEN).content == b"new"

    def test_contents_are_sorted_by_path(self, archive):
        for ref in (TOKEN, LegacyRef(Root.CONFIG, PENPOT_FILE), OTHER):
            archive.keep(a_file(ref))

        assert [kept.ref.path for kept in archive.contents()] == [PENPOT_FILE, OTHER.path, TOKEN.path]

    def test_one_path_under_two_roots_is_two_files(self, archive):
        archive.keep(a_file(LegacyRef(Root.CONFIG, "same"), b"of config"))
        archive.keep(a_file(LegacyRef(Root.STATE, "same"), b"of state"))

        assert archive.read(LegacyRef(Root.CONFIG, "same")).content == b"of config"
        assert archive.read(LegacyRef(Root.STATE, "same")).content == b"of state"

    def test_a_file_taken_aside_is_kept_under_its_old_name(self, archive):
        archive.keep(a_file(LegacyRef(Root.CONFIG, "tokens/.reviewer.aside", aside_of=TOKEN.path)))

        assert [kept.ref.logical for kept in archive.contents()] == [TOKEN.path]
        assert archive.read(TOKEN).content == b"tok-hidden"

    def test_what_was_archived_before_the_instant_expires_and_not_at_it(self, archive, clock):
        archive.keep(a_file(TOKEN))
        clock.advance(DAY_MS)
        archive.keep(a_file(OTHER))

        assert archive.expire(NOON) == 0
        assert archive.expire(NOON + 1) == 1
        assert archive.list() == [OTHER]
        with pytest.raises(NotFound):
            archive.read(TOKEN)

    def test_what_expired_can_be_kept_again(self, archive, clock):
        archive.keep(a_file())
        archive.expire(NOON + 1)
        clock.advance(DAY_MS)
        archive.keep(a_file())

        assert [kept.archived_at for kept in archive.contents()] == [NOON + DAY_MS]
        assert archive.read(TOKEN).content == b"tok-hidden"

    def test_a_large_file_expires_whole(self, archive):
        archive.keep(a_file(SESSIONS, b"x" * (3 << 20)))

        assert archive.expire(NOON + 1) == 1
        assert archive.contents() == []
