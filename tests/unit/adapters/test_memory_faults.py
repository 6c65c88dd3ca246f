"""What the memory adapters offer to tests beyond their ports."""

import pytest

from adapters.memory import (
    FileStat,
    ManualClock,
    MemoryBackupStore,
    MemoryKeySource,
    MemoryLegacyFileSink,
    MemoryLegacyFileSource,
    MemoryProgress,
    MemorySchema,
)
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Conflict
from domain.legacy.files import Kind, LegacyRef, Root
from domain.ports.legacy_file_source import SourceRemains, SourceUnreadable

TOKEN = LegacyRef(Root.CONFIG, "tokens/reviewer")


def test_a_clock_stands_still_until_it_is_moved():
    clock = ManualClock(NOON)

    assert clock.now() == clock.now() == NOON
    assert clock.advance(5) == clock.now() == NOON + 5
    assert clock.advance(-10) == NOON - 5
    clock.set(NOON + 1)
    assert clock.now() == NOON + 1


def test_an_unreadable_file_is_listed_and_not_read_until_it_is_made_readable():
    source = MemoryLegacyFileSource({TOKEN.path: b"tok"})
    source.make_unreadable(TOKEN.path)

    assert source.list() == [TOKEN]
    with pytest.raises(SourceUnreadable):
        source.read(TOKEN)
    source.make_unreadable(TOKEN.path, unreadable=False)
    assert source.read(TOKEN).content == b"tok"


def test_an_unremovable_file_stays_until_it_is_made_removable():
    source = MemoryLegacyFileSource({TOKEN.path: b"tok"})
    seen = source.read(TOKEN).fingerprint
    source.make_unremovable(TOKEN.path)

    assert source.can_remove(TOKEN) is False
    with pytest.raises(SourceRemains):
        source.remove(TOKEN, seen)
    assert source.content(TOKEN.path) == b"tok"
    source.make_unremovable(TOKEN.path, unremovable=False)
    source.remove(TOKEN, seen)
    assert source.content(TOKEN.path) is None


def test_a_file_carries_the_stat_it_was_put_with():
    source = MemoryLegacyFileSource()
    ref = source.put(TOKEN.path, b"tok", stat=FileStat(mode=0o644, links=2, mtime_ns=5_000_000))

    file = source.read(ref)
    assert (file.mode, file.links, file.mtime_ms) == (0o644, 2, 5)


def test_a_file_taken_aside_keeps_its_logical_name_and_root():
    ref = MemoryLegacyFileSource().put(".aside", b"tok", aside_of=TOKEN.path)

    assert (ref.root, ref.logical, ref.kind) == (Root.CONFIG, TOKEN.path, Kind.FILE)


def test_backups_of_one_instant_have_names_of_their_own():
    store = MemoryBackupStore(ManualClock(), rows={"secret": 2})

    first, second = store.create(covers=("d1",)), store.create()

    assert store.list() == [first, second]
    assert first.file != second.file
    assert first.file.startswith("agents.db.bak-20261124T120000Z")
    assert (first.covers, first.rows, first.verified) == (("d1",), {"secret": 2}, True)


def test_a_key_is_created_once():
    source = MemoryKeySource()

    assert source.load() is None
    created = source.create()
    assert source.load() is source.create() is created
    assert len(created.material.reveal()) == 32
    assert source.places()


def test_a_sink_that_holds_anything_is_refused():
    sink, file = MemoryLegacyFileSink(), MemoryLegacyFileSource({TOKEN.path: b"tok"}).read(TOKEN)
    sink.prepare()
    sink.put(file)

    assert sink.files == {(Root.CONFIG, TOKEN.path): file}
    with pytest.raises(Conflict):
        sink.prepare()


def test_a_schema_is_current_once_upgraded():
    schema = MemorySchema()

    assert not schema.look().exists
    schema.upgrade()
    assert schema.look().exists
    assert schema.look().is_current


def test_progress_is_collected():
    progress = MemoryProgress()
    progress.report("reading", 1, 2)
    progress.note("waiting for another process")

    assert (progress.reports, progress.notes) == ([("reading", 1, 2)], ["waiting for another process"])
