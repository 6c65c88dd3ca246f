"""What every secret store does. Names are those that a directory of token files can hold, too."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.errors import Invalid, VersionConflict
from domain.instants import DAY_MS
from domain.values import SECRET_LIMIT, SecretValue
from tests.contracts.secret_model import SecretModel
from tests.contracts.secret_versions import NAME, SecretVersions
from tests.support.races import THREADS, in_threads
from tests.support.said import cut

OTHER = "agent_token:builder"
PENPOT = "penpot_api_token"

TOKENS = ["x", "0", "null", "glpat-Ab_c.d-e", "tok==", "ключ🔑", "'\";--", "\\n", "%s{}$X", "t" * SECRET_LIMIT]
NO_TOKENS = [
    "",
    " ",
    "a b",
    "a\tb",
    "a\nb",
    "a\n",
    "\ra",
    "a\u00a0b",
    "a\u2028b",
    "a\u200bb",
    "\ufeffa",
    "a\x00b",
    "a\x7fb",
    "a\x85b",
    "a\ud800b",
    "t" * (SECRET_LIMIT + 1),
    "€" * (SECRET_LIMIT // 3 + 1),
]
NO_NAMES = [
    "",
    "Agent_token:reviewer",
    "1name",
    "_name",
    "agent_token:",
    "agent_token:-reviewer",
    "agent_token:..",
    "agent_token:../../etc/passwd",
    "agent_token:a/b",
    "agent_token:a:b",
    "agent_token:a b",
    "agent_token:reviewer\n",
    "agent_token:re\x00viewer",
    "agent_token:r\u00e9viewer",
    "agent_token:" + "a" * 65,
    "name:" + "a" * 201,
    "na-me",
    "name:a b",
    "\ud800",
]


class SecretStoreContract(SecretVersions):
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
        assert store.get(NAME) is None
        assert store.list() == []
        assert store.delete(NAME) is False

    def test_what_may_be_shown_of_one_secret_is_what_the_list_shows(self, store):
        for name in (OTHER, NAME, PENPOT):
            store.set(name, "tok-hidden")
        store.delete(OTHER)

        shown = {info.name: info for info in store.list()}

        assert {name: store.info(name) for name in (NAME, PENPOT)} == shown
        assert store.info(OTHER) is None
        assert "hidden" not in repr(store.info(NAME))

    @pytest.mark.parametrize("name", ["agent_token:never", "", "Not A Name", "agent_token:../x", "\ud800"])
    def test_nothing_is_shown_of_what_is_not_there(self, store, name):
        store.set(NAME, "tok-1")

        assert store.info(name) is None

    def test_what_was_set_is_got(self, store):
        version = store.set(NAME, "tok-1")

        found = store.get(NAME)
        assert (found.name, found.value.reveal(), found.version) == (NAME, "tok-1", version)
        assert isinstance(found.value, SecretValue)

    @pytest.mark.parametrize("name", [NAME, PENPOT])
    @pytest.mark.parametrize("token", TOKENS, ids=cut)
    def test_a_token_is_kept_as_it_is(self, store, name, token):
        store.set(name, token)

        assert store.get(name).value.reveal() == token

    @pytest.mark.parametrize("name", [NAME, PENPOT])
    @pytest.mark.parametrize("text", NO_TOKENS, ids=cut)
    def test_what_is_no_token_is_invalid_and_the_stored_one_stays(self, store, name, text):
        version = store.set(name, "tok-1")

        with pytest.raises(Invalid):
            store.set(name, text)

        assert (store.get(name).value.reveal(), store.get(name).version) == ("tok-1", version)

    @pytest.mark.parametrize("name", NO_NAMES, ids=cut)
    def test_a_malformed_name_is_invalid_and_nothing_is_written(self, store, name):
        with pytest.raises(Invalid):
            store.set(name, "tok-1")

        assert store.list() == []

    @pytest.mark.parametrize("name", NO_NAMES, ids=cut)
    def test_a_malformed_name_is_not_there(self, store, name):
        store.set(NAME, "tok-1")

        assert store.get(name) is None
        assert store.delete(name) is False
        assert store.get(NAME).value.reveal() == "tok-1"

    @pytest.mark.parametrize("agent", ["a", "0", "A.b_c-d", "a" * 64, "con", "x..y"])
    def test_an_odd_agent_name_is_kept_as_it_is(self, store, agent):
        store.set(f"agent_token:{agent}", "tok-1")

        assert [info.name for info in store.list()] == [f"agent_token:{agent}"]
        assert store.get(f"agent_token:{agent}").value.reveal() == "tok-1"

    def test_names_mind_case(self, store):
        store.set("agent_token:Bot", "tok-1")
        store.set("agent_token:bot", "tok-2")

        assert store.get("agent_token:Bot").value.reveal() == "tok-1"
        assert store.get("agent_token:bot").value.reveal() == "tok-2"

    def test_setting_again_overwrites_and_the_version_grows(self, store):
        first = store.set(NAME, "tok-1")
        second = store.set(NAME, "tok-2")
        third = store.set(NAME, "tok-2")

        assert 0 < first < second < third
        assert (store.get(NAME).value.reveal(), store.get(NAME).version) == ("tok-2", third)

    def test_a_shorter_value_leaves_nothing_of_a_longer_one(self, store):
        store.set(NAME, "tok-long-long-long")
        store.set(NAME, "t")

        assert store.get(NAME).value.reveal() == "t"

    def test_a_neighbour_is_untouched(self, store):
        version = store.set(OTHER, "tok-other")
        store.set(PENPOT, "tok-penpot")

        store.set(NAME, "tok-1")
        store.delete(NAME)

        assert (store.get(OTHER).value.reveal(), store.get(OTHER).version) == ("tok-other", version)
        assert store.get(PENPOT).value.reveal() == "tok-penpot"

    def test_deleting_tells_whether_it_was_there(self, store):
        store.set(NAME, "tok-1")

        assert store.delete(NAME) is True
        assert store.delete(NAME) is False
        assert store.get(NAME) is None
        assert store.list() == []

    def test_one_of_a_group_is_deleted(self, store):
        for agent in "abcd":
            store.set(f"agent_token:{agent}", "tok-1")

        store.delete("agent_token:b")

        assert [info.name for info in store.list()] == [f"agent_token:{agent}" for agent in "acd"]

    def test_the_list_is_sorted_by_name_and_carries_no_value(self, store):
        for name in [PENPOT, "agent_token:b", "agent_token:B", "agent_token:a.b", "agent_token:a"]:
            store.set(name, "tok-hidden")

        infos = store.list()

        names = [info.name for info in infos]
        assert names == sorted(names)
        assert len(names) == 5
        assert "tok-hidden" not in repr(infos)

    def test_the_list_says_what_get_says(self, store):
        store.set(NAME, "tok-1")
        store.set(NAME, "tok-2")

        (info,), secret = store.list(), store.get(NAME)
        assert (info.name, info.version) == (secret.name, secret.version)
        assert (info.created_at, info.updated_at) == (secret.created_at, secret.updated_at)
        assert secret.created_at <= secret.updated_at

    def test_changing_a_list_that_was_returned_changes_nothing_stored(self, store):
        store.set(NAME, "tok-1")

        store.list().clear()

        assert len(store.list()) == 1

    def test_no_form_of_what_is_returned_shows_the_value(self, store):
        store.set(NAME, "tok-hidden")

        secret = store.get(NAME)

        assert "tok-hidden" not in f"{secret} {secret!r} {secret.value} {secret.value!r} {secret.value:>40}"

    @pytest.mark.parametrize("value", ["tok-hidden here", "tok-hidden\x00", "tok-hidden" + "x" * SECRET_LIMIT], ids=cut)
    def test_no_error_shows_the_value(self, store, value):
        with pytest.raises(Invalid) as caught:
            store.set(NAME, value)

        assert "hidden" not in f"{caught.value} {caught.value!r} {caught.value.advice}"

    def test_it_behaves_as_the_memory_store_does(self, open_store):
        run_state_machine_as_test(
            partial(SecretModel, open_store),
            settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
        )

    def test_threads_that_set_different_names_lose_none(self, store):
        in_threads(lambda thread: [store.set(f"agent_token:a{thread}.{n}", f"tok-{thread}-{n}") for n in range(5)])

        assert len(store.list()) == THREADS * 5
        assert store.get("agent_token:a6.3").value.reveal() == "tok-6-3"


class AnySecretStoreContract(SecretStoreContract):
    """For stores that hold any name, and know when each secret was created."""

    @pytest.mark.parametrize(
        "name",
        ["a", "webhook", "agent_token", "forge:acme/api:42", "s3:key=1", "x:" + "y" * 200, "penpot_api_token:x"],
        ids=cut,
    )
    @pytest.mark.parametrize(
        "text", ["", " ", "a\nb\n", "\r\n", '{"a": 1}', "ключ 🔑", "\ufeffx", "€" * 21_845 + "x"], ids=cut
    )
    def test_any_text_is_kept_under_any_name(self, store, name, text):
        store.set(name, text)

        assert store.get(name).value.reveal() == text
        assert [info.name for info in store.list()] == [name]

    @pytest.mark.parametrize("text", ["a\x00b", "\udfff", "x" * (SECRET_LIMIT + 1), "€" * 21_845 + "xx"], ids=cut)
    def test_text_that_cannot_be_kept_is_invalid(self, store, text):
        with pytest.raises(Invalid):
            store.set("webhook", text)

        assert store.get("webhook") is None

    def test_created_stays_and_updated_moves(self, store, clock):
        store.set(NAME, "tok-1")
        clock.advance(DAY_MS)
        store.set(NAME, "tok-2")

        assert (store.get(NAME).created_at, store.get(NAME).updated_at) == (NOON, NOON + DAY_MS)

    def test_a_deleted_secret_is_created_anew(self, store, clock):
        store.set(NAME, "tok-1")
        store.delete(NAME)
        clock.advance(DAY_MS)
        store.set(NAME, "tok-2")

        assert (store.get(NAME).created_at, store.get(NAME).updated_at) == (NOON + DAY_MS, NOON + DAY_MS)

    def test_a_secret_is_there_until_it_expires(self, store, clock):
        version = store.set(NAME, "tok-1", expires_at=NOON + 10)

        clock.set(NOON + 9)
        before = store.get(NAME)
        clock.set(NOON + 10)

        assert (before.value.reveal(), before.version) == ("tok-1", version)
        assert store.get(NAME) is None

    def test_an_expired_secret_is_there_again_when_the_clock_goes_back(self, store, clock):
        store.set(NAME, "tok-1", expires_at=NOON + 10)
        clock.set(NOON + DAY_MS)

        clock.set(NOON)

        assert store.get(NAME).value.reveal() == "tok-1"

    def test_an_expired_secret_is_listed_with_its_expiry(self, store, clock):
        store.set(OTHER, "tok-2")
        version = store.set(NAME, "tok-1", expires_at=NOON + 10)
        clock.advance(DAY_MS)

        listed = {info.name: (info.version, info.expires_at) for info in store.list()}
        assert listed == {OTHER: (1, None), NAME: (version, NOON + 10)}

    def test_setting_again_without_an_expiry_ends_it(self, store, clock):
        store.set(NAME, "tok-1", expires_at=NOON + 10)

        store.set(NAME, "tok-2")
        clock.advance(DAY_MS)

        assert store.get(NAME).value.reveal() == "tok-2"
        assert store.list()[0].expires_at is None

    def test_a_secret_made_anew_does_not_inherit_an_expiry(self, store, clock):
        store.set(NAME, "tok-1", expires_at=NOON + 10)
        store.delete(NAME)

        store.set(NAME, "tok-2", expected_version=0)
        clock.advance(DAY_MS)

        assert store.get(NAME).value.reveal() == "tok-2"

    def test_versions_of_an_expired_secret_compare_as_before(self, store, clock):
        version = store.set(NAME, "tok-1", expires_at=NOON + 10)
        clock.advance(DAY_MS)

        with pytest.raises(VersionConflict):
            store.set(NAME, "tok-lost", expected_version=0)

        assert store.set(NAME, "tok-2", expected_version=version) > version
        assert store.get(NAME).value.reveal() == "tok-2"

    @pytest.mark.parametrize("instant", [0, -1, 4_102_444_800_000, 2**63])
    def test_an_expiry_outside_our_time_is_invalid_and_nothing_is_written(self, store, instant):
        with pytest.raises(Invalid):
            store.set(NAME, "tok-1", expires_at=instant)

        assert store.list() == []
