"""What every history of secrets does. It is the history of a store, so that both are opened as one pair."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Conflict
from domain.instants import DAY_MS
from domain.values import SecretValue
from tests.contracts.secret_history_model import SecretHistoryModel
from tests.support.races import in_threads

NAME = "agent_token:reviewer"
OTHER = "webhook"
KEPT = 10


class SecretHistoryContract:
    """Subclasses override `open_pair`: a function of a clock, giving a context manager of (store, history)."""

    @pytest.fixture
    def open_pair(self):
        raise NotImplementedError

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def pair(self, open_pair, clock):
        with open_pair(clock) as pair:
            yield pair

    @pytest.fixture
    def store(self, pair):
        return pair[0]

    @pytest.fixture
    def history(self, pair):
        return pair[1]

    @pytest.mark.parametrize("name", [NAME, "", "Not A Name", "\ud800"])
    def test_what_never_was_has_no_history(self, history, name):
        assert history.versions(name) == []
        assert history.get_version(name, 1) is None
        assert history.destroy(name, 1) is False
        assert history.undelete(name) is None
        assert history.deleted() == []

    def test_every_version_is_listed_newest_first(self, store, history, clock):
        for number in range(3):
            store.set(NAME, f"tok-{number}")
            clock.advance(DAY_MS)

        shown = [(v.name, v.version, v.created_at, v.current) for v in history.versions(NAME)]

        assert shown == [
            (NAME, 3, NOON + 2 * DAY_MS, True),
            (NAME, 2, NOON + DAY_MS, False),
            (NAME, 1, NOON, False),
        ]
        assert {(v.destroyed_at, v.deleted_at) for v in history.versions(NAME)} == {(None, None)}

    def test_a_version_is_got_with_its_value_and_its_own_instant(self, store, history, clock):
        store.set(NAME, "tok-1")
        clock.advance(DAY_MS)
        store.set(NAME, "tok-2")

        old, new = history.get_version(NAME, 1), history.get_version(NAME, 2)

        assert isinstance(old.value, SecretValue)
        assert (old.name, old.value.reveal(), old.version, old.created_at, old.updated_at) == (
            NAME,
            "tok-1",
            1,
            NOON,
            NOON,
        )
        assert (new.value.reveal(), new.updated_at) == ("tok-2", NOON + DAY_MS)
        assert new == store.get(NAME)

    @pytest.mark.parametrize("version", [0, -1, 2, 2**62])
    def test_a_version_that_never_was_is_not_there(self, store, history, version):
        store.set(NAME, "tok-1")

        assert history.get_version(NAME, version) is None
        assert history.destroy(NAME, version) is False

    def test_the_newest_ten_stay(self, store, history):
        for number in range(1, KEPT + 4):
            store.set(NAME, f"tok-{number}")

        assert [v.version for v in history.versions(NAME)] == list(range(KEPT + 3, 3, -1))
        assert history.get_version(NAME, 4).value.reveal() == "tok-4"
        assert history.get_version(NAME, 3) is None

    def test_a_neighbours_history_is_its_own(self, store, history):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        store.set(OTHER, "tok-other")

        history.destroy(NAME, 1)

        assert [v.version for v in history.versions(OTHER)] == [1]
        assert history.get_version(OTHER, 1).value.reveal() == "tok-other"

    def test_a_deleted_secret_keeps_its_versions(self, store, history, clock):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        clock.advance(DAY_MS)

        store.delete(NAME)

        versions = history.versions(NAME)
        assert [(v.version, v.current, v.deleted_at) for v in versions] == [
            (2, False, NOON + DAY_MS),
            (1, False, NOON + DAY_MS),
        ]
        assert history.get_version(NAME, 1).value.reveal() == "tok-1"
        assert history.deleted() == versions[:1]

    def test_an_undeleted_secret_is_as_it_was(self, store, history, clock):
        store.set(NAME, "tok-1")
        clock.advance(DAY_MS)
        store.set(NAME, "tok-2", expires_at=NOON + 9 * DAY_MS)
        secret, infos = store.get(NAME), store.list()
        store.delete(NAME)
        clock.advance(DAY_MS)

        version = history.undelete(NAME)

        assert version == 2
        assert (store.get(NAME), store.list()) == (secret, infos)
        assert history.deleted() == []

    def test_only_a_deleted_secret_is_undeleted(self, store, history):
        store.set(NAME, "tok-1")

        assert history.undelete(NAME) is None
        store.delete(NAME)
        assert [history.undelete(NAME), history.undelete(NAME)] == [1, None]

    def test_a_secret_made_anew_after_a_delete_goes_on_with_its_history(self, store, history):
        store.set(NAME, "tok-1")
        store.delete(NAME)

        store.set(NAME, "tok-2", expected_version=0)

        assert [(v.version, v.current, v.deleted_at) for v in history.versions(NAME)] == [
            (2, True, None),
            (1, False, None),
        ]
        assert history.undelete(NAME) is None

    def test_a_destroyed_version_is_listed_and_its_value_gone(self, store, history, clock):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        clock.advance(DAY_MS)

        assert history.destroy(NAME, 1) is True

        newer, older = history.versions(NAME)
        assert (older.version, older.destroyed_at, older.key_id) == (1, NOON + DAY_MS, None)
        assert newer.destroyed_at is None
        assert history.get_version(NAME, 1) is None
        assert store.get(NAME).value.reveal() == "tok-2"

    def test_destroying_again_is_no_error_and_keeps_the_first_instant(self, store, history, clock):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        history.destroy(NAME, 1)
        clock.advance(DAY_MS)

        assert history.destroy(NAME, 1) is True

        assert history.versions(NAME)[1].destroyed_at == NOON

    def test_the_current_version_is_not_destroyed(self, store, history):
        store.set(NAME, "tok-1")

        with pytest.raises(Conflict):
            history.destroy(NAME, 1)

        assert store.get(NAME).value.reveal() == "tok-1"

    def test_a_deleted_secret_can_be_destroyed_and_then_not_brought_back(self, store, history):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        store.delete(NAME)

        history.destroy(NAME, 2)

        with pytest.raises(Conflict):
            history.undelete(NAME)
        assert store.get(NAME) is None
        assert store.list() == []
        assert history.get_version(NAME, 1).value.reveal() == "tok-1"

    def test_many_versions_are_destroyed_at_once(self, store, history, clock):
        for name in (NAME, OTHER):
            for number in (1, 2, 3):
                store.set(name, f"tok-{number}")
        clock.advance(DAY_MS)

        assert history.destroy_many([(NAME, 1), (OTHER, 2), (NAME, 9), ("never", 1), (NAME, 2)]) == 3

        assert [v.destroyed_at for v in history.versions(NAME)] == [None, NOON + DAY_MS, NOON + DAY_MS]
        assert [v.destroyed_at for v in history.versions(OTHER)] == [None, NOON + DAY_MS, None]
        assert history.get_version(OTHER, 1).value.reveal() == "tok-1"
        assert history.destroy_many([]) == 0

    def test_of_many_versions_none_is_destroyed_if_one_is_current(self, store, history):
        for number in (1, 2):
            store.set(NAME, f"tok-{number}")

        with pytest.raises(Conflict):
            history.destroy_many([(NAME, 1), (NAME, 2)])

        assert [v.destroyed_at for v in history.versions(NAME)] == [None, None]
        assert history.get_version(NAME, 1).value.reveal() == "tok-1"

    def test_where_all_is_well_no_damage_is_found(self, store, history):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")
        store.set(OTHER, "tok-3")
        store.delete(OTHER)
        history.destroy(NAME, 1)

        assert history.find_damage() == history.find_damage(current_only=True) == []

    def test_versions_go_on_behind_a_destroyed_one(self, store, history):
        store.set(NAME, "tok-1")
        store.delete(NAME)
        history.destroy(NAME, 1)

        assert store.set(NAME, "tok-2", expected_version=0) == 2
        assert [(v.version, v.destroyed_at is None) for v in history.versions(NAME)] == [(2, True), (1, False)]

    def test_the_current_version_of_an_expired_secret_is_not_given(self, store, history, clock):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2", expires_at=NOON + 10)

        clock.set(NOON + 10)

        assert history.get_version(NAME, 2) is None
        assert history.get_version(NAME, 1).value.reveal() == "tok-1"
        assert [v.current for v in history.versions(NAME)] == [True, False]

    def test_an_expired_version_is_not_given_of_a_deleted_secret_either(self, store, history, clock):
        store.set(NAME, "tok-1", expires_at=NOON + 10)
        clock.set(NOON + 10)

        store.delete(NAME)

        assert history.get_version(NAME, 1) is None

    def test_the_expiry_stands_at_the_newest_version(self, store, history):
        store.set(NAME, "tok-1", expires_at=NOON + 10)
        store.set(NAME, "tok-2", expires_at=NOON + 20)
        assert [v.expires_at for v in history.versions(NAME)] == [NOON + 20, None]

        store.delete(NAME)

        assert [v.expires_at for v in history.versions(NAME)] == [NOON + 20, None]
        assert [v.expires_at for v in history.deleted()] == [NOON + 20]

    def test_an_expired_secret_comes_back_from_a_delete_expired(self, store, history, clock):
        store.set(NAME, "tok-1", expires_at=NOON + 10)
        store.delete(NAME)
        clock.advance(DAY_MS)

        assert history.undelete(NAME) == 1
        assert store.get(NAME) is None
        assert [info.name for info in store.list()] == [NAME]

    def test_the_deleted_are_listed_by_name(self, store, history):
        for name in ("c", "a", "b", "d"):
            store.set(name, "tok-1")
        for name in ("c", "a", "b"):
            store.delete(name)

        assert [v.name for v in history.deleted()] == ["a", "b", "c"]

    def test_no_form_of_a_history_shows_a_value(self, store, history):
        store.set(NAME, "tok-hidden")
        store.set(NAME, "tok-hidden-2")

        shown = f"{history.versions(NAME)!r} {history.get_version(NAME, 1)!r}"

        assert "hidden" not in shown

    def test_of_threads_that_undelete_one_does(self, store, history):
        store.set(NAME, "tok-1")
        store.delete(NAME)

        assert sorted(in_threads(lambda _thread: history.undelete(NAME) or 0)) == [0] * 7 + [1]

    def test_it_behaves_as_the_memory_history_does(self, open_pair):
        run_state_machine_as_test(
            partial(SecretHistoryModel, open_pair),
            settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
        )
