"""What all keepers of authorizations under way do."""

from dataclasses import replace
from functools import partial

import pytest

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.connections import AUTHORIZATION_TTL_MS, PendingAuthorization, digest_of
from domain.values import SecretValue
from tests.support.races import in_processes, in_threads

STATE, STARTER = (digest_of(SecretValue(random)) for random in ("state", "starter"))
PENDING = PendingAuthorization(
    state_digest=STATE,
    forge="gitlab",
    base_url="https://gitlab.example.org:8443/sub",
    client_id="client ü",
    redirect_uri="https://strongroom.example.org/oauth/gitlab/callback",
    verifier=SecretValue("verifier-hidden-ü🔑"),
    starter_digest=STARTER,
    at_terminal=False,
    actor="token:operator",
    expires_at=NOON + AUTHORIZATION_TTL_MS,
)
AT_TERMINAL = replace(PENDING, at_terminal=True)
ANSWER = SecretValue("code=answer-hidden-ü🔑&iss=x")


def take(store, **otherwise):
    """Take `PENDING`, or something else."""
    wanted = {"state_digest": STATE, "forge": "gitlab", "starter_digest": STARTER, **otherwise}
    return store.take(wanted.pop("state_digest"), **wanted)


class PendingAuthorizationsContract:
    """Subclasses override `store`, an empty one, on `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def store(self, clock):
        raise NotImplementedError

    @pytest.mark.parametrize("digest", [STATE, "", "state", "\ud800"])
    def test_what_was_never_begun_is_not_there(self, store, digest):
        assert store.find(digest) is None
        assert take(store, state_digest=digest) is None
        assert store.hand_over(digest, ANSWER) is False
        assert store.answer_to(digest) is None

    @pytest.mark.parametrize("pending", [PENDING, AT_TERMINAL], ids=["in a browser", "at a terminal"])
    def test_finding_returns_every_field_and_leaves_it(self, store, pending):
        store.add(pending)

        assert [store.find(STATE), store.find(STATE)] == [pending, pending]

    @pytest.mark.parametrize("pending", [PENDING, AT_TERMINAL], ids=["in a browser", "at a terminal"])
    def test_taking_returns_every_field_and_removes_it(self, store, pending):
        store.add(pending)

        assert take(store) == pending
        assert take(store) is None
        assert store.find(STATE) is None

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"forge": "github"},
            {"forge": "GitLab"},
            {"starter_digest": STATE},
            {"starter_digest": ""},
            {"starter_digest": STARTER.upper()},
            {"state_digest": STARTER},
            {"state_digest": STATE.upper()},
        ],
    )
    def test_who_is_not_the_starter_or_comes_from_another_forge_gets_nothing_and_spoils_nothing(self, store, otherwise):
        store.add(PENDING)

        assert take(store, **otherwise) is None
        assert take(store) == PENDING

    def test_it_can_be_finished_until_the_last_millisecond(self, store, clock):
        store.add(AT_TERMINAL)
        clock.advance(AUTHORIZATION_TTL_MS - 1)

        assert store.find(STATE) == AT_TERMINAL
        assert store.hand_over(STATE, ANSWER) is True
        assert take(store) == AT_TERMINAL

    def test_what_has_expired_is_not_there(self, store, clock):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, ANSWER)
        clock.advance(AUTHORIZATION_TTL_MS)

        assert store.find(STATE) is None
        assert take(store) is None
        assert store.hand_over(STATE, ANSWER) is False
        assert store.answer_to(STATE) is None

    def test_with_the_next_what_has_expired_is_forgotten_for_good(self, store, clock):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, ANSWER)
        clock.advance(AUTHORIZATION_TTL_MS)
        store.add(replace(PENDING, state_digest=STARTER, expires_at=clock.now() + AUTHORIZATION_TTL_MS))
        clock.set(NOON)

        assert store.find(STATE) is None
        assert store.find(STARTER) is not None

    def test_many_are_under_way_at_a_time_for_one_forge(self, store):
        many = [replace(PENDING, state_digest=f"{n:064x}", verifier=SecretValue(f"verifier {n}")) for n in range(20)]
        for pending in many:
            store.add(pending)

        assert [take(store, state_digest=pending.state_digest) for pending in reversed(many)] == many[::-1]

    def test_an_answer_is_laid_down_for_the_terminal_that_waits(self, store):
        store.add(AT_TERMINAL)

        assert store.answer_to(STATE) is None
        assert store.hand_over(STATE, ANSWER) is True
        assert store.answer_to(STATE) == store.answer_to(STATE) == ANSWER
        assert take(store) == AT_TERMINAL

    def test_what_was_laid_down_first_stays(self, store):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, ANSWER)

        assert store.hand_over(STATE, SecretValue("code=forged")) is True
        assert store.answer_to(STATE) == ANSWER

    def test_an_empty_answer_is_one(self, store):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, SecretValue(""))
        store.hand_over(STATE, ANSWER)

        assert store.answer_to(STATE) == SecretValue("")

    def test_nothing_is_laid_down_where_no_terminal_waits(self, store):
        store.add(PENDING)

        assert store.hand_over(STATE, ANSWER) is False
        assert store.answer_to(STATE) is None

    def test_after_it_was_taken_nobody_waits(self, store):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, ANSWER)
        take(store)

        assert store.hand_over(STATE, ANSWER) is False
        assert store.answer_to(STATE) is None

    def test_no_form_of_what_is_returned_shows_verifier_or_answer(self, store):
        store.add(AT_TERMINAL)
        store.hand_over(STATE, ANSWER)

        assert "hidden" not in f"{store.find(STATE)!r} {store.answer_to(STATE)!r}"

    def test_of_threads_that_take_it_at_once_one_gets_it(self, store):
        store.add(PENDING)

        got = in_threads(lambda _thread: take(store))

        assert [pending for pending in got if pending] == [PENDING]

    def test_of_threads_that_hand_over_at_once_one_answer_is_laid_down(self, store):
        store.add(AT_TERMINAL)

        def hand_over(thread):
            return store.hand_over(STATE, SecretValue(str(thread))) and store.answer_to(STATE)

        seen = in_threads(hand_over)

        assert set(seen) == {store.answer_to(STATE)}


class PendingAuthorizationsAcrossProcesses:
    """For keepers that processes share: `recipe` is a picklable function opening the same one, on clocks at noon."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_of_processes_that_take_it_at_once_one_gets_it(self, recipe):
        with recipe() as store:
            store.add(PENDING)

        assert sorted(in_processes(partial(_take, recipe))) == [False, False, False, True]


def _take(recipe, _process):
    with recipe() as store:
        return take(store) == PENDING
