"""The drill: every credential with its owner, its last reader, where to revoke it, and what was replaced."""

import pytest

from app.audit import acting_as
from domain.audit import Action
from domain.errors import Conflict, Integrity
from domain.instants import DAY_MS
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.memory_service import MemoryService

AGENT = "agent_token:reviewer"


@pytest.fixture
def service():
    service = MemoryService()
    for name in (AGENT, "penpot_api_token", "webhook"):
        service.secrets.set(name, "tok-hidden")
    service.oauth_tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("tok-hidden")))
    return service


@pytest.fixture
def drill(service):
    return service.container.drill()


def by_name(report):
    return {credential.name: credential for credential in report.credentials}


def replaced(report):
    return {name for name, credential in by_name(report).items() if credential.replaced}


def test_every_credential_is_listed_with_its_owner_and_no_value(drill):
    report = drill()

    assert {name: (c.kind, c.owner) for name, c in by_name(report).items()} == {
        AGENT: ("secret", "reviewer"),
        "penpot_api_token": ("secret", "operator"),
        "webhook": ("secret", "operator"),
        "gitlab": ("oauth", "operator"),
    }
    assert "hidden" not in repr(report)


def test_each_is_revoked_on_a_page_of_its_forge(drill):
    pages = {name: credential.revoke_at for name, credential in by_name(drill()).items()}

    assert pages == {
        AGENT: None,  # no Forgejo is configured
        "penpot_api_token": "https://design.penpot.app/#/settings/access-tokens",
        "webhook": None,
        "gitlab": "https://gitlab.com/-/user_settings/applications",
    }


def test_the_last_reader_is_the_one_in_the_log(service, drill):
    secrets = service.container.secrets()
    for actor in ("cli:ada", "token:7 ci"):
        service.clock.advance(DAY_MS)
        with acting_as(actor):
            secrets.get(AGENT)

    found = by_name(drill())

    assert (found[AGENT].last_read_by, found[AGENT].last_read_at) == ("token:7 ci", service.clock.now())
    assert (found["webhook"].last_read_by, found["webhook"].last_read_at) == (None, None)


def test_looking_at_the_drill_is_no_reading_of_secrets(service, drill):
    drill()

    assert service.audit.list() == []


def test_what_is_written_after_the_beginning_is_ticked_off(service, drill):
    service.clock.advance(DAY_MS)
    begun = drill.begin()
    service.clock.advance(DAY_MS)
    service.container.secrets().set(AGENT, "tok-new")
    service.container.oauth_tokens().upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("tok-new")))

    report = drill()

    assert (replaced(begun), begun.left) == (set(), 4)
    assert (replaced(report), report.left) == ({AGENT, "gitlab"}, 2)
    assert report.begun_at == begun.begun_at == service.clock.now() - DAY_MS


def test_to_roll_back_to_an_older_value_replaces_nothing(service, drill):
    service.secrets.set(AGENT, "tok-2")
    service.clock.advance(DAY_MS)
    drill.begin()
    service.clock.advance(DAY_MS)
    service.container.rollback_secret()(AGENT, 1)

    assert replaced(drill()) == set()
    service.clock.advance(DAY_MS)
    service.container.secrets().set(AGENT, "tok-3")
    assert replaced(drill()) == {AGENT}


@pytest.mark.parametrize("again", ["tok-hidden", "tok-1"])
def test_a_value_that_the_secret_had_before_replaces_nothing(service, drill, again):
    service.secrets.set(AGENT, "tok-1")
    service.secrets.set(AGENT, "tok-2")
    service.clock.advance(DAY_MS)
    drill.begin()
    service.clock.advance(DAY_MS)
    service.container.secrets().set(AGENT, "tok-interim")
    service.container.secrets().set(AGENT, again)

    assert replaced(drill()) == set()
    service.container.secrets().set(AGENT, "tok-3")
    assert replaced(drill()) == {AGENT}


def test_comparing_stores_nothing_and_is_no_reading(service, drill):
    service.clock.advance(DAY_MS)
    drill.begin()
    service.secrets.set(AGENT, "tok-new")
    events, writes = len(service.audit.list()), len(service.writes)

    assert replaced(drill()) == {AGENT}

    assert len(service.audit.list()) == events
    assert {call.split(".")[1] for call in service.writes[writes:]} <= {
        "all",
        "get_version",
        "versions",
        "deleted",
        "of",
    }


def test_a_value_that_does_not_open_is_not_taken_for_a_new_one(service, drill):
    service.clock.advance(DAY_MS)
    drill.begin()
    service.secrets.set("agent_token:builder", "tok-new")
    assert replaced(drill()) == {"agent_token:builder"}

    service.fail("secret_history.get_version", Integrity("damaged"))

    assert replaced(drill()) == set()


def test_a_deleted_credential_is_still_to_be_replaced(service, drill):
    service.clock.advance(DAY_MS)
    drill.begin()
    service.secrets.delete(AGENT)

    report = drill()

    assert {name: c.deleted for name, c in by_name(report).items() if c.deleted} == {AGENT: True}
    assert by_name(report)[AGENT].written_at == service.clock.now() - DAY_MS
    assert [c.name for c in report.credentials][:3] == [AGENT, "penpot_api_token", "webhook"]
    assert (replaced(report), report.left) == (set(), 4)
    assert (report.loss.secrets, report.loss.agents) == (2, [])


def test_a_token_that_the_log_does_not_know_says_when_it_was_written(service, drill):
    assert by_name(drill())["gitlab"].written_at == service.clock.now()
    service.clock.advance(DAY_MS)
    drill.begin()
    service.oauth_tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue("tok-new")))

    assert replaced(drill()) == {"gitlab"}


def test_without_a_drill_nothing_is_ticked_off(service, drill):
    service.container.secrets().set(AGENT, "tok-new")

    assert (drill().begun_at, replaced(drill())) == (None, set())


def test_only_one_drill_is_under_way(service, drill):
    with pytest.raises(Conflict):
        drill.end()

    drill.begin()
    with pytest.raises(Conflict):
        drill.begin()
    ended = drill.end()

    assert ended.begun_at is not None
    assert drill().begun_at is None
    assert [event.action for event in service.audit.list()] == [Action.SETTING_CHANGE] * 2


def test_the_blast_radius_of_a_lost_key_names_the_agents(service, drill):
    service.secrets.set("agent_token:builder", "tok")

    loss = drill().loss

    assert (loss.secrets, loss.oauth_tokens, loss.archived_files) == (4, 1, 0)
    assert loss.agents == ["builder", "reviewer"]


def test_a_damaged_oauth_token_is_listed_as_well(service, drill):
    service.fail("oauth_tokens.get", Integrity("the gitlab token is damaged"))

    assert {"forgejo", "github", "gitlab"} <= by_name(drill()).keys()
