"""The right key is found before anything is written, and a new one is made only where nothing is sealed."""

from dataclasses import replace

import pytest

from adapters.memory import MemoryDataKeyStore, MemoryKeySource, MemorySchema
from domain.errors import Busy, DatabaseUnusable, KeyRefused
from domain.keys import KeyMaterial, MasterKey, fingerprint
from domain.ports import SchemaFacts
from tests.support.memory_service import MemoryService

READS = {"schema.look", "key_source.load", "key_source.staged", "key_source.places"}


def a_key(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


MINE, OTHER = a_key(1), a_key(2)
NOTHING = SchemaFacts(exists=False, is_current=False, sealed_under=frozenset())
EMPTY = SchemaFacts(exists=True, is_current=True, sealed_under=frozenset())
SEALED = SchemaFacts(exists=True, is_current=True, sealed_under=frozenset({MINE.fingerprint}))
OUTDATED = replace(SEALED, is_current=False)


class Start:
    """A service about to unlock a database that stands as `facts` say, with `key` in its key file."""

    def __init__(self, facts, key, *, staged=None):
        self.service = MemoryService()
        self.keys = MemoryDataKeyStore()
        self.source = MemoryKeySource(key, staged=staged)
        self.service._override(schema=MemorySchema(facts), key_source=self.source, data_keys=self.keys)
        self.unlock = self.service.container.unlock()

    @property
    def writes(self):
        return [call for call in self.service.calls if call not in READS and not call.endswith(".now")]


@pytest.mark.parametrize("facts", [SEALED, OUTDATED])
@pytest.mark.parametrize("key", [None, OTHER])
def test_a_missing_or_wrong_key_is_refused_before_anything_is_written(facts, key):
    start = Start(facts, key)

    with pytest.raises(KeyRefused):
        start.unlock()

    assert start.writes == []
    assert start.source.load() is key


def test_a_wrong_key_is_refused_with_both_fingerprints_and_its_place():
    with pytest.raises(KeyRefused) as caught:
        Start(SEALED, OTHER).unlock()

    assert caught.value.message == (
        f"wrong master key: this database was sealed under {MINE.fingerprint}, and file key2 holds {OTHER.fingerprint}"
    )
    assert "nothing was written" in caught.value.advice


def test_a_missing_key_is_refused_with_the_fingerprint_that_is_needed_and_where_we_looked():
    with pytest.raises(KeyRefused) as caught:
        Start(SEALED, None).unlock()

    assert MINE.fingerprint in caught.value.message
    assert "memory holds none" in caught.value.message


def test_a_database_sealed_under_two_keys_is_refused_under_one_of_them():
    both = replace(SEALED, sealed_under=frozenset({MINE.fingerprint, OTHER.fingerprint}))

    with pytest.raises(KeyRefused, match=OTHER.fingerprint):
        Start(both, MINE).unlock()


def test_a_master_key_that_is_changed_between_the_two_looks_is_no_wrong_one():
    start = Start(replace(SEALED, sealed_under=frozenset({OTHER.fingerprint})), MINE)
    start.service.before["key_source.load"] = lambda: setattr(start.unlock.schema._real, "_facts", SEALED)

    assert start.unlock() is MINE


def test_while_the_master_key_is_being_changed_the_staged_one_opens():
    start = Start(SEALED, OTHER, staged=MINE)

    assert start.unlock.check()[1] is MINE


def test_the_right_key_of_a_database_that_is_ready_is_returned_without_a_lock():
    start = Start(SEALED, MINE)

    assert start.unlock() is MINE
    assert start.writes == []


def test_an_older_schema_is_upgraded_under_the_lock():
    start = Start(OUTDATED, MINE)
    start.keys.add(start.unlock.create_data_keys(MINE, 1))

    assert start.unlock() is MINE
    assert start.writes == ["lock.hold", "schema.upgrade", "data_keys.list"]


def test_a_first_start_makes_the_master_key_the_schema_and_the_data_keys():
    start = Start(NOTHING, None)

    master = start.unlock()

    assert start.source.load() is master
    assert start.writes == ["lock.hold", "key_source.create", "schema.upgrade", "data_keys.list", "data_keys.add"]
    assert {key.master_fingerprint for key in start.keys.list()} == {master.fingerprint}
    assert sorted(key.purpose.value for key in start.keys.list()) == ["digest", "seal"]


@pytest.mark.parametrize("facts", [NOTHING, EMPTY])
def test_a_key_that_was_laid_there_is_taken_and_not_replaced(facts):
    start = Start(facts, MINE)

    assert start.unlock() is MINE
    assert "key_source.create" not in start.service.calls
    assert len(start.keys.list()) == 2


def test_data_keys_are_made_once():
    start = Start(NOTHING, None)
    start.unlock()
    made = start.keys.list()

    start.unlock()

    assert start.keys.list() == made


def test_a_start_that_was_killed_before_the_data_keys_goes_on_with_the_key_it_made():
    start = Start(NOTHING, None)
    start.service.fail("data_keys.add", DatabaseUnusable("the disk is full"))
    with pytest.raises(DatabaseUnusable):
        start.unlock()
    made = start.source.load()
    start.service.before.clear()

    assert start.unlock() is made


def test_what_another_process_did_while_we_waited_is_looked_at_again():
    start = Start(NOTHING, OTHER)
    start.service.before["lock.hold"] = lambda: setattr(start.unlock.schema._real, "_facts", SEALED)

    with pytest.raises(KeyRefused):
        start.unlock()

    assert start.writes == ["lock.hold"]


def test_a_newer_database_is_refused_before_the_key_is_looked_at():
    start = Start(SEALED, MINE)
    start.service.fail("schema.look", DatabaseUnusable("the database is newer than this version"))

    with pytest.raises(DatabaseUnusable):
        start.unlock()

    assert start.service.calls == ["schema.look"]


def test_a_lock_that_is_held_is_waited_for_with_a_note_and_then_busy(monkeypatch):
    monkeypatch.setattr("app.usecases.unlock.LOCK_PATIENCE_MS", 5)
    start = Start(NOTHING, None)

    with start.service.lock.hold(patience_ms=0), pytest.raises(Busy):
        start.unlock()

    assert "waiting" in start.service.progress.notes[0]
    assert start.source.load() is None


@pytest.mark.parametrize("key", [OTHER, None])
def test_a_change_of_the_master_key_that_was_interrupted_after_the_data_keys_is_completed(key):
    start = Start(SEALED, key, staged=MINE)
    start.keys.add(start.unlock.create_data_keys(MINE, 1))

    assert start.unlock().fingerprint == MINE.fingerprint
    assert start.source.load().fingerprint == MINE.fingerprint
    assert start.source.staged() is None
    assert start.writes.index("lock.hold") < start.writes.index("key_source.promote")


def test_a_change_of_the_master_key_that_was_interrupted_before_the_data_keys_is_taken_back():
    start = Start(SEALED, MINE, staged=OTHER)
    start.keys.add(start.unlock.create_data_keys(MINE, 1))

    assert start.unlock() is MINE
    assert start.source.staged() is None
    assert start.writes.index("lock.hold") < start.writes.index("key_source.discard")


def test_a_staged_key_does_not_stand_in_for_the_right_one():
    stranger = a_key(3)
    start = Start(SEALED, OTHER, staged=stranger)

    with pytest.raises(KeyRefused, match=f"file key2 holds {OTHER.fingerprint}"):
        start.unlock()

    assert (start.source.load(), start.source.staged(), start.writes) == (OTHER, stranger, [])


def test_checking_takes_a_staged_key_into_account_and_leaves_it_where_it_is():
    start = Start(SEALED, OTHER, staged=MINE)

    assert start.unlock.check() == (SEALED, MINE)
    assert start.source.staged() is MINE


def test_checking_writes_nothing_and_makes_no_key():
    start = Start(NOTHING, None)

    assert start.unlock.check() == (NOTHING, None)
    assert start.writes == []
