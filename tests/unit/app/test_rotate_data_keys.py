"""A rotation is completed or begun, proved, and told; what damaged values name stays."""

from dataclasses import replace

import pytest

from adapters.crypto import create_data_keys
from adapters.memory import MemoryKeySource
from app.usecases import rotate_data_keys
from domain.audit import Action
from domain.errors import Busy, Conflict, DatabaseUnusable, Integrity, KeyRefused
from domain.keys import KeyMaterial, KeyPurpose, KeyState, MasterKey, fingerprint
from tests.support.memory_service import MemoryService

ROWS = 25


def a_master(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


class Keyed:
    """A service with data keys, and values sealed under the active one."""

    def __init__(self):
        self.service = MemoryService()
        self.service._override(key_source=MemoryKeySource(a_master(1)))
        self.keys, self.rows = self.service.data_keys, self.service.sealed_rows
        self.keys.add(create_data_keys(a_master(1), 1))
        self.put(ROWS)

    def put(self, count):
        for number in range(count):
            self.rows.put(f"row-{number:02}", self.active)

    @property
    def active(self):
        return next(k.id for k in self.keys.list() if k.seals_now)

    @property
    def states(self):
        return {key.id: key.state for key in self.keys.list() if key.purpose is KeyPurpose.SEAL}

    @property
    def events(self):
        return [(e.action, e.subject) for e in reversed(self.service.audit.list())]

    def rotate(self):
        self.service.clock.advance(1_000)
        return self.service.container.rotate_data_keys()()

    def interrupt(self, call, *, from_call=1):
        """Rotate, and fail at a call as a full disk does; returns the key that was active."""
        former = self.active
        self.service.fail(call, DatabaseUnusable("the disk is full"), from_call=from_call)
        with pytest.raises(DatabaseUnusable):
            self.rotate()
        self.service.before.clear()
        return former


@pytest.fixture
def keyed():
    return Keyed()


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(rotate_data_keys, "BATCH", 10)


def test_every_value_gets_a_new_key_and_the_old_one_is_retired(keyed):
    former = keyed.active

    done = keyed.rotate()

    assert (done.resealed, done.values, done.resumed, done.damage) == (ROWS, ROWS, False, ())
    assert (done.new_key, done.retired, done.kept) == (keyed.active, (former,), ())
    assert keyed.states == {former: KeyState.RETIRED, done.new_key: KeyState.ACTIVE}
    assert keyed.rows.count_by_key() == {done.new_key: ROWS}
    assert done.proof == [f"0 values name the old key {former}; it is retired", "25 of 25 values opened after it"]


def test_the_key_for_hashes_stays(keyed):
    before = [key for key in keyed.keys.list() if key.purpose is KeyPurpose.DIGEST]

    keyed.rotate()

    assert [key for key in keyed.keys.list() if key.purpose is KeyPurpose.DIGEST] == before


def test_a_finished_rotation_is_followed_by_a_new_one(keyed):
    first, second = keyed.rotate(), keyed.rotate()

    assert second.retired == (first.new_key,)
    assert second.resumed is False
    assert sorted(keyed.states.values()) == ["active", "retired", "retired"]


INTERRUPTIONS = [
    ("sealed_rows.count_by_key", 1),
    ("sealed_rows.reseal", 1),
    ("sealed_rows.reseal", 2),
    ("sealed_rows.reseal", 4),
    ("sealed_rows.verify", 1),
    ("data_keys.retire", 1),
]


@pytest.mark.parametrize(("call", "time"), INTERRUPTIONS)
def test_what_was_interrupted_is_completed_without_another_key(keyed, call, time):
    former = keyed.interrupt(call, from_call=time)
    interrupted_under = keyed.active

    done = keyed.rotate()

    assert (done.resumed, done.new_key, done.retired) == (True, interrupted_under, (former,))
    assert keyed.rows.count_by_key() == {interrupted_under: ROWS}
    assert keyed.states == {former: KeyState.RETIRED, interrupted_under: KeyState.ACTIVE}


def test_an_interruption_before_the_new_key_leaves_everything_as_it_was(keyed):
    before = keyed.keys.list()

    keyed.interrupt("data_keys.activate")

    assert (keyed.keys.list(), keyed.rows.count_by_key()) == (before, {keyed.active: ROWS})
    assert keyed.rotate().resumed is False


def test_several_old_keys_are_emptied_in_one_run(keyed):
    keyed.interrupt("sealed_rows.reseal")
    oldest = next(iter(keyed.states))
    newest = next(key for key in keyed.keys.list() if key.id == keyed.active)
    keyed.keys.activate(replace(newest, id="another"))

    done = keyed.rotate()

    assert len(done.retired) == 2
    assert oldest in done.retired
    assert keyed.rows.count_by_key() == {"another": ROWS}


def test_the_key_that_a_damaged_value_names_is_kept_and_the_value_named(keyed):
    former = keyed.active
    keyed.rows.damage("row-03")

    done = keyed.rotate()

    assert (done.kept, done.retired, done.resealed) == ((former,), (), ROWS - 1)
    assert [each.subject for each in done.damage] == ["the value row-03"]
    assert keyed.states[former] is KeyState.DECRYPT_ONLY
    assert done.proof == [
        f"the old key {former} stays: a damaged value names it",
        "24 of 25 values opened after it",
    ]


def test_a_key_that_only_damaged_values_name_does_not_stand_in_the_way_of_the_next_rotation(keyed):
    oldest = keyed.active
    keyed.rows.damage("row-03")
    first = keyed.rotate()

    second = keyed.rotate()

    assert (second.resumed, second.kept, second.retired) == (False, (oldest,), (first.new_key,))
    assert keyed.rows.count_by_key() == {oldest: 1, second.new_key: ROWS - 1}


def test_when_the_damaged_value_is_replaced_the_next_run_retires_its_key(keyed):
    oldest = keyed.active
    keyed.rows.damage("row-03")
    keyed.rotate()
    keyed.rows.put("row-03", keyed.active)

    done = keyed.rotate()

    assert (done.resumed, done.retired, done.kept, done.resealed) == (True, (oldest,), (), 0)


def test_a_key_that_only_a_damaged_value_itself_names_is_kept_as_well(keyed):
    former = keyed.active
    keyed.rows.damage("row-03")
    keyed.rows._rows["row-03"] = "a key that the row names"

    assert keyed.rotate().kept == (former,)


def test_new_key_and_retirement_are_events(keyed):
    former = keyed.active

    done = keyed.rotate()

    assert keyed.events == [(Action.KEY_ROTATE, done.new_key), (Action.KEY_RETIRE, former)]


def test_progress_is_told_in_batches_up_to_the_whole(keyed):
    keyed.rotate()

    told = [(done, total) for stage, done, total in keyed.service.progress.reports if stage == "sealing again"]
    assert told == [(10, ROWS), (20, ROWS), (ROWS, ROWS), (ROWS, ROWS)]


def test_one_runs_at_a_time(keyed):
    with keyed.service.container.rotation_lock().hold(patience_ms=0), pytest.raises(Busy):
        keyed.rotate()

    assert len(keyed.states) == 1


def test_the_service_may_start_while_a_rotation_runs(keyed):
    with keyed.service.container.lock().hold(patience_ms=0):
        assert keyed.rotate().resealed == ROWS


@pytest.mark.parametrize(("master", "refusal"), [(None, KeyRefused), (a_master(2), Conflict)])
def test_a_master_key_that_is_gone_or_another_makes_no_data_key(keyed, master, refusal):
    keyed.service._override(key_source=MemoryKeySource(master))
    before = keyed.keys.list()

    with pytest.raises(refusal):
        keyed.rotate()
    assert keyed.keys.list() == before


def test_without_an_active_key_nothing_is_done(keyed):
    keyed.keys._keys.clear()

    with pytest.raises(Integrity):
        keyed.rotate()
