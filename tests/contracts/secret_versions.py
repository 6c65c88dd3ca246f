"""Versions of secrets: they grow, and comparing them keeps writers apart; part of the contract of secret_store."""

from functools import partial

import pytest

from domain.errors import Invalid, VersionConflict
from tests.support.races import PROCESSES, THREADS, in_processes, in_threads

NAME = "agent_token:reviewer"
ABSENT = 0
ROUNDS = 6


class SecretVersions:
    """Needs a fixture `store`: an empty one."""

    def test_the_version_grows_across_deletes(self, store):
        versions = []
        for number in range(4):
            versions.append(store.set(NAME, f"tok-{number}"))
            store.delete(NAME)

        assert versions == sorted(set(versions))

    def test_expecting_none_creates_what_is_absent(self, store):
        version = store.set(NAME, "tok-1", expected_version=ABSENT)

        assert store.get(NAME).version == version

    def test_expecting_none_loses_to_what_is_there(self, store):
        version = store.set(NAME, "tok-1")

        with pytest.raises(VersionConflict) as caught:
            store.set(NAME, "tok-lost", expected_version=ABSENT)

        assert (caught.value.expected, caught.value.actual) == (ABSENT, version)
        assert (store.get(NAME).value.reveal(), store.get(NAME).version) == ("tok-1", version)
        assert "tok-" not in str(caught.value)

    def test_expecting_the_version_that_is_there_wins(self, store):
        first = store.set(NAME, "tok-1")
        second = store.set(NAME, "tok-2", expected_version=first)

        assert second > first
        assert store.get(NAME).value.reveal() == "tok-2"

    def test_expecting_a_version_gone_by_loses_and_writes_nothing(self, store):
        first = store.set(NAME, "tok-1")
        second = store.set(NAME, "tok-2")

        with pytest.raises(VersionConflict) as caught:
            store.set(NAME, "tok-lost", expected_version=first)

        assert (caught.value.expected, caught.value.actual) == (first, second)
        assert (store.get(NAME).value.reveal(), store.get(NAME).version) == ("tok-2", second)
        assert store.set(NAME, "tok-3", expected_version=second) > second

    @pytest.mark.parametrize("expected", [1, -1, 2**62])
    def test_expecting_a_version_of_what_is_absent_loses(self, store, expected):
        with pytest.raises(VersionConflict) as caught:
            store.set(NAME, "tok-lost", expected_version=expected)

        assert caught.value.actual == ABSENT
        assert store.get(NAME) is None
        assert store.list() == []

    def test_after_a_delete_only_none_is_expected(self, store):
        version = store.set(NAME, "tok-1")
        store.delete(NAME)

        with pytest.raises(VersionConflict) as caught:
            store.set(NAME, "tok-lost", expected_version=version)

        assert caught.value.actual == ABSENT
        assert store.get(NAME) is None
        assert store.set(NAME, "tok-2", expected_version=ABSENT) > version

    def test_a_delete_that_expects_the_version_that_is_there_wins(self, store):
        version = store.set(NAME, "tok-1")

        assert store.delete(NAME, expected_version=version) is True
        assert store.get(NAME) is None

    def test_a_delete_that_expects_a_version_gone_by_loses_and_deletes_nothing(self, store):
        first = store.set(NAME, "tok-1")
        second = store.set(NAME, "tok-2")

        with pytest.raises(VersionConflict) as caught:
            store.delete(NAME, expected_version=first)

        assert (caught.value.expected, caught.value.actual) == (first, second)
        assert store.get(NAME).value.reveal() == "tok-2"

    @pytest.mark.parametrize("name", [NAME, "name:of-no-file"])
    def test_a_delete_that_expects_a_version_of_what_is_absent_loses(self, store, name):
        with pytest.raises(VersionConflict) as caught:
            store.delete(name, expected_version=7)

        assert caught.value.actual == ABSENT
        assert store.delete(name, expected_version=ABSENT) is False

    def test_of_threads_that_delete_one_version_one_wins(self, store):
        version = store.set(NAME, "tok-1")

        def delete(_thread):
            try:
                return store.delete(NAME, expected_version=version)
            except VersionConflict:
                return False

        assert sum(in_threads(delete)) == 1

    @pytest.mark.parametrize(("name", "value"), [("", "tok-1"), (NAME, ""), (NAME, "a b")])
    def test_what_is_malformed_is_invalid_before_versions_are_compared(self, store, name, value):
        with pytest.raises(Invalid):
            store.set(name, value, expected_version=99)

    def test_of_threads_that_compare_and_set_one_wins_each_version(self, store):
        store.set(NAME, "0")

        versions = in_threads(lambda _thread: [count_up(store) for _ in range(ROUNDS)])

        won = [version for thread in versions for version in thread]
        assert len(set(won)) == THREADS * ROUNDS
        assert store.get(NAME).value.reveal() == str(THREADS * ROUNDS)
        assert store.get(NAME).version == max(won)

    def test_of_threads_that_create_one_wins(self, store):
        def create(thread):
            try:
                return store.set(NAME, f"tok-{thread}", expected_version=ABSENT) and thread
            except VersionConflict:
                return None

        winners = [thread for thread in in_threads(create) if thread is not None]

        assert len(winners) == 1
        assert store.get(NAME).value.reveal() == f"tok-{winners[0]}"

    def test_threads_that_set_one_name_get_versions_of_their_own(self, store):
        versions = in_threads(lambda thread: store.set(NAME, f"tok-{thread}"))

        assert len(set(versions)) == THREADS
        assert store.get(NAME).value.reveal() == f"tok-{versions.index(max(versions))}"


class SecretStoreAcrossProcesses:
    """For stores that several processes share: `recipe` is a picklable function opening the same store each time."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_of_processes_that_compare_and_set_none_loses_an_update(self, recipe):
        with recipe() as store:
            store.set(NAME, "0")

        versions = in_processes(partial(_count_up_many_times, recipe))

        with recipe() as store:
            assert store.get(NAME).value.reveal() == str(PROCESSES * ROUNDS)
        assert len({version for process in versions for version in process}) == PROCESSES * ROUNDS

    def test_versions_grow_across_opening_again(self, recipe):
        versions = []
        for number in range(3):
            with recipe() as store:
                versions.append(store.set(NAME, f"tok-{number}"))
                store.delete(NAME)

        assert versions == sorted(set(versions))


def count_up(store):
    """Add one to the number kept under NAME, however often that takes."""
    while True:
        found = store.get(NAME)
        try:
            return store.set(NAME, str(int(found.value.reveal()) + 1), expected_version=found.version)
        except VersionConflict:
            continue


def _count_up_many_times(recipe, _process):
    with recipe() as store:
        return [count_up(store) for _ in range(ROUNDS)]
