"""What every session store does."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Invalid
from domain.instants import DAY_MS, EARLIEST_MS, END_MS
from tests.contracts.session_model import SessionModel
from tests.contracts.session_samples import (
    KEY,
    MALFORMED_IDS,
    MALFORMED_INSTANTS,
    MALFORMED_KEYS,
    ODD_IDS,
    ODD_KEYS,
    OTHER,
    key_at,
    session,
)
from tests.support.races import PROCESSES, THREADS, in_processes, in_threads
from tests.support.said import cut


class SessionStoreContract:
    """Subclasses override `open_store`: a function of a clock, giving a context manager of an empty store."""

    @pytest.fixture
    def open_store(self):
        raise NotImplementedError

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def store(self, open_store, clock):
        with open_store(clock) as store:
            yield store

    def test_an_empty_store_has_nothing(self, store):
        assert store.get(KEY) is None
        assert store.list() == []
        assert store.count() == 0
        assert store.count_stale(END_MS) == 0

    def test_what_was_set_is_got(self, store):
        store.set(KEY, "first", used_at=NOON - 5)

        found = store.get(KEY)
        assert (found.key, found.session_id, found.last_used_at) == (KEY, "first", NOON - 5)

    def test_without_an_instant_it_is_now(self, store, clock):
        clock.advance(12_345)
        store.set(KEY, "first")

        assert store.get(KEY) == session(used_at=NOON + 12_345, created_at=NOON + 12_345)

    def test_setting_again_overwrites_the_id_and_the_instant(self, store):
        store.set(KEY, "first", used_at=NOON)
        store.set(KEY, "second", used_at=NOON + 1)

        assert (store.get(KEY).session_id, store.get(KEY).last_used_at) == ("second", NOON + 1)
        assert store.count() == 1

    def test_setting_overwrites_what_is_newer_too(self, store):
        store.set(KEY, "first", used_at=NOON)
        store.set(KEY, "second", used_at=NOON - DAY_MS)

        assert (store.get(KEY).session_id, store.get(KEY).last_used_at) == ("second", NOON - DAY_MS)

    def test_a_key_keeps_the_instant_it_was_created_at(self, store, clock):
        store.set(KEY, "first")
        clock.advance(DAY_MS)
        store.set(KEY, "second")

        assert store.get(KEY) == session(session_id="second", used_at=NOON + DAY_MS, created_at=NOON)

    def test_a_deleted_key_is_created_anew(self, store, clock):
        store.set(KEY, "first")
        store.delete(KEY)
        clock.advance(DAY_MS)
        store.set(KEY, "second")

        assert store.get(KEY).created_at == NOON + DAY_MS

    @pytest.mark.parametrize("key", ODD_KEYS, ids=cut)
    def test_an_odd_key_is_kept_as_it_is(self, store, key):
        store.set(key, "first")

        assert store.get(key).key == key
        assert [found.key for found in store.list()] == [key]
        assert store.delete(key)
        assert store.get(key) is None

    @pytest.mark.parametrize("session_id", ODD_IDS, ids=cut)
    def test_an_odd_id_is_kept_as_it_is(self, store, session_id):
        store.set(KEY, session_id)

        assert store.get(KEY).session_id == session_id

    @pytest.mark.parametrize("key", MALFORMED_KEYS, ids=cut)
    def test_a_malformed_key_is_invalid_and_nothing_is_written(self, store, key):
        with pytest.raises(Invalid):
            store.set(key, "first")

        assert store.count() == 0

    @pytest.mark.parametrize("key", MALFORMED_KEYS, ids=cut)
    def test_a_malformed_key_is_not_there(self, store, key):
        store.set(KEY, "first")

        assert store.get(key) is None
        assert store.delete(key) is False
        assert store.count() == 1

    @pytest.mark.parametrize("session_id", MALFORMED_IDS, ids=cut)
    def test_a_malformed_id_is_invalid_and_the_stored_one_stays(self, store, session_id):
        store.set(KEY, "first")

        with pytest.raises(Invalid):
            store.set(KEY, session_id, used_at=NOON + 1)

        assert store.get(KEY) == session()

    @pytest.mark.parametrize("used_at", MALFORMED_INSTANTS)
    def test_an_instant_out_of_range_is_invalid_and_nothing_is_written(self, store, used_at):
        with pytest.raises(Invalid):
            store.set(KEY, "first", used_at=used_at)

        assert store.get(KEY) is None

    @pytest.mark.parametrize("used_at", [EARLIEST_MS, END_MS - 1])
    def test_the_first_and_the_last_instant_are_in_range(self, store, used_at):
        store.set(KEY, "first", used_at=used_at)

        assert store.get(KEY).last_used_at == used_at

    def test_a_neighbour_is_untouched(self, store):
        neighbours = [KEY + "1", KEY[:-1], KEY.replace("api", "API"), KEY.replace("reviewer", "Reviewer"), OTHER]
        for key in neighbours:
            store.set(key, "other")
        store.set(KEY, "first")

        store.set(KEY, "second")
        store.delete(KEY)

        assert [found.session_id for found in store.list()] == ["other"] * len(neighbours)

    def test_keys_that_differ_only_in_unicode_form_are_two(self, store):
        store.set("forgejo:reviewer:caf\u00e9:1", "composed")
        store.set("forgejo:reviewer:cafe\u0301:1", "decomposed")

        assert store.get("forgejo:reviewer:caf\u00e9:1").session_id == "composed"
        assert store.count() == 2

    def test_deleting_tells_whether_it_was_there(self, store):
        store.set(KEY, "first")

        assert store.delete(KEY) is True
        assert store.delete(KEY) is False
        assert store.get(KEY) is None
        assert store.count() == 0

    def test_one_of_a_group_is_deleted(self, store):
        for number in range(5):
            store.set(key_at(number), "first")

        store.delete(key_at(2))

        assert [found.key for found in store.list()] == [key_at(n) for n in (0, 1, 3, 4)]

    def test_changing_a_list_that_was_returned_changes_nothing_stored(self, store):
        store.set(KEY, "first")

        store.list().clear()

        assert store.list() == [session()]

    def test_stale_is_what_was_used_before_the_instant_and_not_at_it(self, store):
        for number, used_at in enumerate([NOON - 1, NOON, NOON + 1]):
            store.set(key_at(number), "first", used_at=used_at)

        assert store.count_stale(NOON) == 1
        assert store.count() == 3
        assert store.prune_stale(NOON) == 1
        assert [found.last_used_at for found in store.list()] == [NOON, NOON + 1]
        assert store.prune_stale(NOON) == 0

    def test_pruning_an_empty_store_forgets_nothing(self, store):
        assert store.prune_stale(END_MS) == 0

    def test_everything_may_be_stale(self, store):
        for number in range(5):
            store.set(key_at(number), "first")

        assert store.count_stale(END_MS) == 5
        assert store.prune_stale(END_MS) == 5
        assert store.count() == 0

    def test_it_behaves_as_the_memory_store_does(self, open_store):
        run_state_machine_as_test(
            partial(SessionModel, open_store),
            settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
        )

    def test_threads_that_set_different_keys_lose_none(self, store):
        def work(thread):
            for number in range(5):
                store.set(key_at(number, repo=f"acme/{thread}"), f"{thread}/{number}")

        in_threads(work)

        assert store.count() == THREADS * 5
        assert store.get(key_at(3, repo="acme/6")).session_id == "6/3"

    def test_threads_that_set_one_key_leave_one_whole_session(self, store):
        in_threads(lambda thread: store.set(KEY, f"by {thread}", used_at=NOON + thread))

        found = store.get(KEY)
        assert found.session_id == f"by {found.last_used_at - NOON}"
        assert store.count() == 1

    def test_threads_that_merge_leave_the_newest(self, store):
        def work(thread):
            return store.put_many(
                session(key_at(n), f"by {thread}", used_at=NOON + thread, created_at=NOON) for n in range(5)
            )

        in_threads(work)

        assert {found.session_id for found in store.list()} == {f"by {THREADS - 1}"}

    def test_one_thread_of_many_deletes(self, store):
        store.set(KEY, "first")

        deleted = in_threads(lambda _thread: store.delete(KEY))

        assert deleted.count(True) == 1


class SessionStoreAcrossProcesses:
    """For stores that several processes share: `recipe` is a picklable function opening the same store each time."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_processes_lose_nothing_of_one_another(self, recipe):
        in_processes(partial(_set_and_merge, recipe))

        with recipe() as store:
            assert store.count() == PROCESSES * 5 + 1
            assert store.get(KEY).session_id == f"by {PROCESSES - 1}"

    def test_what_was_set_is_there_after_opening_again(self, recipe):
        with recipe() as store:
            store.set(KEY, "first")

        with recipe() as store:
            assert store.get(KEY) == session()


def _set_and_merge(recipe, process):
    with recipe() as store:
        for number in range(5):
            store.set(key_at(number, repo=f"acme/{process}"), "first")
            store.put_many([session(KEY, f"by {process}", used_at=NOON + process)])
