"""What all journals of answers do."""

from dataclasses import fields, replace

import pytest

from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.instants import DAY_MS, HOUR_MS
from domain.oauth import OAuthToken
from domain.ports import JournalledAnswer
from domain.values import FORGES, SecretValue

FULL = OAuthToken(
    forge_type="gitlab",
    access_token=SecretValue("access-hidden-ключ🔑'\"\\"),
    refresh_token=SecretValue("refresh-hidden"),
    token_type="Bearer",
    scopes=("api", "read_user", "a,b ü"),
    expires_at=NOON + 2 * HOUR_MS,
    base_url="https://gitlab.example.org:8443/sub",
    version=3,
    updated_at=NOON - HOUR_MS,
    client_id="client-1",
    account="operator",
    issued_at=NOON,
    refresh_expires_at=NOON + 90 * DAY_MS,
    connected_at=NOON - DAY_MS,
    refreshed_at=NOON,
)
BARE = OAuthToken(forge_type="gitlab", access_token=SecretValue("a"))
ANSWERS = {
    "full": FULL,
    "bare": BARE,
    "no scopes": replace(FULL, scopes=()),
    "long": replace(FULL, access_token=SecretValue("a" * 16_384), refresh_token=SecretValue("🔑" * 4_096)),
    "longer than any room": replace(FULL, access_token=SecretValue("a" * 400_000)),
}


def said(answer):
    """Every field of an answer, those too that do not make tokens differ."""
    token = answer.token
    return answer.version, {field.name: getattr(token, field.name) for field in fields(token)}


class AnswerJournalContract:
    """Subclasses override `journal`, an empty one."""

    @pytest.fixture
    def journal(self):
        raise NotImplementedError

    @pytest.mark.parametrize("forge", FORGES)
    def test_at_first_there_is_no_answer_and_nothing_to_forget(self, journal, forge):
        journal.clear(forge)

        assert journal.read(forge) is None

    def test_room_is_no_answer(self, journal):
        journal.reserve("gitlab")
        journal.reserve("gitlab")

        assert journal.read("gitlab") is None

    @pytest.mark.parametrize("reserved", [True, False], ids=["in room", "without room"])
    @pytest.mark.parametrize("shape", ANSWERS)
    def test_an_answer_is_kept_with_every_field(self, journal, shape, reserved):
        answer = JournalledAnswer(ANSWERS[shape], 2**40)
        if reserved:
            journal.reserve("gitlab")

        journal.write("gitlab", answer)

        assert said(journal.read("gitlab")) == said(answer)

    def test_making_room_leaves_an_answer_that_lies_there(self, journal):
        answer = JournalledAnswer(FULL, 3)
        for _ in range(2):
            journal.reserve("gitlab")
            journal.write("gitlab", answer)

        journal.reserve("gitlab")

        assert journal.read("gitlab") == answer

    @pytest.mark.parametrize("shape", ANSWERS)
    def test_the_next_answer_takes_the_place_of_the_former(self, journal, shape):
        journal.reserve("gitlab")
        for token in (ANSWERS[shape], FULL, BARE):
            journal.write("gitlab", JournalledAnswer(token, 4))

        assert journal.read("gitlab") == JournalledAnswer(BARE, 4)

    def test_what_was_cleared_is_gone_and_there_may_be_room_again(self, journal):
        journal.reserve("gitlab")
        journal.write("gitlab", JournalledAnswer(FULL, 3))

        journal.clear("gitlab")
        journal.clear("gitlab")

        assert journal.read("gitlab") is None
        journal.reserve("gitlab")
        assert journal.read("gitlab") is None

    def test_each_forge_has_its_own(self, journal):
        answers = {forge: JournalledAnswer(replace(FULL, forge_type=forge), n) for n, forge in enumerate(FORGES)}
        for forge, answer in answers.items():
            journal.write(forge, answer)

        journal.clear("github")

        assert [journal.read(forge) for forge in FORGES] == [answers["forgejo"], None, answers["gitlab"]]
