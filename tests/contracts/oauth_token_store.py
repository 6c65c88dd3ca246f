"""What every store of OAuth tokens does."""

import pickle
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Invalid, VersionConflict
from domain.instants import EARLIEST_MS, END_MS, HOUR_MS
from domain.oauth import OAuthToken
from domain.values import FORGES, SecretValue
from tests.contracts.oauth_model import OAuthModel
from tests.support.races import PROCESSES, THREADS, in_processes, in_threads

ABSENT = 0
ROUNDS = 6
FULL = OAuthToken(
    forge_type="gitlab",
    access_token=SecretValue("access-hidden"),
    refresh_token=SecretValue("refresh-hidden"),
    token_type="Bearer",
    scopes=("api", "read_user"),
    expires_at=NOON + 2 * HOUR_MS,
    base_url="https://gitlab.example.org:8443/sub/",
)
BARE = OAuthToken(forge_type="gitlab", access_token=SecretValue("access-hidden"))
SHAPES = {
    "full": FULL,
    "bare": BARE,
    "no scopes": replace(FULL, scopes=()),
    "one scope": replace(FULL, scopes=("write:repository",)),
    "an odd scope": replace(FULL, scopes=("a,b", 'quo"te', "ü🔑")),
    "already expired": replace(FULL, expires_at=NOON - 1),
    "the first instant": replace(FULL, expires_at=EARLIEST_MS),
    "the last instant": replace(FULL, expires_at=END_MS - 1),
    "an odd token": replace(FULL, access_token=SecretValue("ключ🔑'\";--\\"), refresh_token=SecretValue("=")),
    "a long token": replace(FULL, access_token=SecretValue("t" * 8_000), refresh_token=SecretValue("r" * 8_000)),
    "equal tokens": replace(FULL, refresh_token=FULL.access_token),
    "an odd type": replace(FULL, token_type="bEARER ü"),
}


class OAuthTokenStoreContract:
    """Subclasses override `open_store`: a function of a clock, giving a context manager of an empty store."""

    @pytest.fixture
    def open_store(self):
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store):
        with open_store(ManualClock()) as store:
            yield store

    @pytest.mark.parametrize("forge", FORGES)
    def test_an_empty_store_has_nothing(self, store, forge):
        assert store.get(forge) is None
        assert store.delete(forge) is False
        assert store.list() == []

    @pytest.mark.parametrize("forge", FORGES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_every_field_is_kept_as_it_is(self, store, forge, shape):
        token = replace(SHAPES[shape], forge_type=forge)

        version = store.upsert(token)

        assert store.get(forge) == replace(token, version=version)
        assert store.list() == [replace(token, version=version)]

    def test_a_token_says_when_it_was_stored_and_is_equal_whenever_that_was(self, open_store):
        clock = ManualClock()
        with open_store(clock) as store:
            store.upsert(BARE)
            clock.advance(HOUR_MS)
            version = store.upsert(replace(BARE, updated_at=NOON - 1))

            token = store.get("gitlab")

        assert token.updated_at == NOON + HOUR_MS
        assert token == replace(BARE, version=version)

    def test_a_second_upsert_replaces_the_token_whole(self, store):
        first = store.upsert(FULL)
        second = store.upsert(BARE)

        assert 0 < first < second
        assert store.get("gitlab") == replace(BARE, version=second)

    def test_the_version_inside_a_token_is_not_looked_at(self, store):
        version = store.upsert(replace(FULL, version=2**40))

        assert version < store.upsert(replace(FULL, version=0))
        assert store.get("gitlab").version != 2**40

    @pytest.mark.parametrize("forge", ["", "GitLab", "bitbucket", "gitlab\n", "../gitlab", "git\x00lab", "\ud800"])
    def test_an_unknown_forge_is_not_there(self, store, forge):
        version = store.upsert(FULL)

        assert store.get(forge) is None
        assert store.delete(forge) is False
        assert store.list() == [replace(FULL, version=version)]

    def test_a_token_that_was_lost_in_pickling_is_invalid_and_the_stored_one_stays(self, store):
        version = store.upsert(FULL)
        lost = pickle.loads(pickle.dumps(FULL))

        with pytest.raises(Invalid):
            store.upsert(lost)

        assert store.get("gitlab") == replace(FULL, version=version)

    def test_a_neighbour_is_untouched(self, store):
        github = replace(BARE, forge_type="github")
        version = store.upsert(github)

        store.upsert(FULL)
        store.delete("gitlab")

        assert store.list() == [replace(github, version=version)]

    def test_deleting_tells_whether_it_was_there(self, store):
        store.upsert(FULL)

        assert store.delete("gitlab") is True
        assert store.delete("gitlab") is False
        assert store.get("gitlab") is None

    def test_the_version_grows_across_deletes(self, store):
        versions = []
        for _ in range(4):
            versions.append(store.upsert(FULL))
            store.delete("gitlab")

        assert versions == sorted(set(versions))

    def test_the_list_is_sorted_by_forge(self, store):
        for forge in ("gitlab", "forgejo", "github"):
            store.upsert(replace(BARE, forge_type=forge))

        assert [token.forge_type for token in store.list()] == ["forgejo", "github", "gitlab"]

    def test_changing_a_list_that_was_returned_changes_nothing_stored(self, store):
        store.upsert(FULL)

        store.list().clear()

        assert len(store.list()) == 1

    def test_expecting_none_creates_what_is_absent_and_loses_to_what_is_there(self, store):
        version = store.upsert(BARE, expected_version=ABSENT)

        with pytest.raises(VersionConflict) as caught:
            store.upsert(FULL, expected_version=ABSENT)

        assert (caught.value.expected, caught.value.actual) == (ABSENT, version)
        assert store.get("gitlab") == replace(BARE, version=version)
        assert "hidden" not in str(caught.value)

    def test_expecting_the_version_that_is_there_wins(self, store):
        first = store.upsert(BARE)
        second = store.upsert(FULL, expected_version=first)

        assert second > first
        assert store.get("gitlab") == replace(FULL, version=second)

    def test_expecting_a_version_gone_by_loses_and_writes_nothing(self, store):
        first = store.upsert(BARE)
        second = store.upsert(FULL)

        with pytest.raises(VersionConflict) as caught:
            store.upsert(BARE, expected_version=first)

        assert (caught.value.expected, caught.value.actual) == (first, second)
        assert store.get("gitlab") == replace(FULL, version=second)

    @pytest.mark.parametrize("expected", [1, -1, 2**62])
    def test_expecting_a_version_of_what_is_absent_loses(self, store, expected):
        with pytest.raises(VersionConflict) as caught:
            store.upsert(FULL, expected_version=expected)

        assert caught.value.actual == ABSENT
        assert store.list() == []

    def test_after_a_delete_only_none_is_expected(self, store):
        version = store.upsert(FULL)
        store.delete("gitlab")

        with pytest.raises(VersionConflict) as caught:
            store.upsert(FULL, expected_version=version)

        assert caught.value.actual == ABSENT
        assert store.get("gitlab") is None
        assert store.upsert(FULL, expected_version=ABSENT) > version

    def test_no_form_of_what_is_returned_shows_a_token(self, store):
        store.upsert(FULL)

        assert "hidden" not in f"{store.get('gitlab')} {store.get('gitlab')!r} {store.list()}"

    def test_it_behaves_as_the_memory_store_does(self, open_store):
        run_state_machine_as_test(
            partial(OAuthModel, open_store),
            settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
        )

    def test_of_threads_that_compare_and_set_one_wins_each_version(self, store):
        store.upsert(numbered(0))

        versions = in_threads(lambda _thread: [count_up(store) for _ in range(ROUNDS)])

        won = [version for thread in versions for version in thread]
        assert len(set(won)) == THREADS * ROUNDS
        assert store.get("gitlab") == replace(numbered(THREADS * ROUNDS), version=max(won))

    def test_threads_that_store_different_forges_lose_none(self, store):
        in_threads(lambda thread: store.upsert(replace(FULL, forge_type=FORGES[thread])), count=len(FORGES))

        assert [token.forge_type for token in store.list()] == list(FORGES)

    def test_threads_never_see_half_a_token(self, store):
        store.upsert(numbered(0))

        def work(thread):
            if thread % 2:
                return [store.upsert(numbered(number)) for number in range(ROUNDS)] and []
            return [store.get("gitlab") for _ in range(ROUNDS * 4)]

        seen = [token for thread in in_threads(work) for token in thread]

        assert all(token.refresh_token.reveal() == "r" + token.access_token.reveal() for token in seen)


NOTED = {
    "client_id": "client ü",
    "account": "operator",
    "issued_at": NOON,
    "refresh_expires_at": END_MS - 1,
    "connected_at": EARLIEST_MS,
    "refreshed_at": NOON + HOUR_MS,
}


class NotesBesideTokensContract:
    """For stores that keep what is noted beside a token; the old file format has no place for it."""

    @pytest.mark.parametrize("names", [NOTED, (), *((name,) for name in NOTED)], ids=str)
    def test_what_is_noted_beside_a_token_is_kept(self, store, names):
        store.upsert(replace(FULL, **NOTED))
        token = replace(FULL, **{name: NOTED[name] for name in names})

        store.upsert(token)

        assert [noted(found) for found in (store.get("gitlab"), *store.list())] == [noted(token)] * 2

    def test_a_forge_that_is_connected_again_has_nothing_noted_of_before(self, store):
        store.upsert(replace(FULL, **NOTED))
        store.delete("gitlab")

        store.upsert(FULL)

        assert set(noted(store.get("gitlab")).values()) == {None}


def noted(token):
    """What is noted beside a token."""
    return {name: getattr(token, name) for name in NOTED}


class OAuthTokenStoreAcrossProcesses:
    """For stores that several processes share: `recipe` is a picklable function opening the same store each time."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_of_processes_that_compare_and_set_none_loses_an_update(self, recipe):
        with recipe() as store:
            store.upsert(numbered(0))

        versions = in_processes(partial(_count_up_many_times, recipe))

        with recipe() as store:
            assert store.get("gitlab").access_token.reveal() == str(PROCESSES * ROUNDS)
        assert len({version for process in versions for version in process}) == PROCESSES * ROUNDS

    def test_versions_grow_across_opening_again(self, recipe):
        versions = []
        for _ in range(3):
            with recipe() as store:
                versions.append(store.upsert(FULL))
                store.delete("gitlab")

        assert versions == sorted(set(versions))


def numbered(number):
    """A token that carries a number, in the refresh token too."""
    return replace(FULL, access_token=SecretValue(str(number)), refresh_token=SecretValue(f"r{number}"))


def count_up(store):
    """Add one to the number that the token carries, however often that takes."""
    while True:
        found = store.get("gitlab")
        try:
            return store.upsert(numbered(int(found.access_token.reveal()) + 1), expected_version=found.version)
        except VersionConflict:
            continue


def _count_up_many_times(recipe, _process):
    with recipe() as store:
        return [count_up(store) for _ in range(ROUNDS)]
