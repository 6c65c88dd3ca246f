"""The service as the HTTP face is given it: every use case of it counts, and the container's own do not."""

from dataclasses import replace

import pytest

from app.metrics import Metrics, metered
from app.usecases.oauth.refresh import RefreshOutcome
from domain.errors import Busy, DatabaseUnusable, ForgeFailed, Misconfigured, NeedsReauth, VersionConflict
from domain.instants import HOUR_MS, SECOND_MS
from domain.ports import GrantRefused
from domain.values import FORGES, SecretValue
from tests.support.memory_service import MemoryService
from tests.unit.app.metrics.scraped import Scrape


@pytest.fixture
def service():
    service = MemoryService()
    service.container.unaudited_setting_store().set("gitlab_client_id", "strongroom")
    return service


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def face(service, metrics):
    return metered(service.container, metrics)


@pytest.fixture
def token(service):
    """The token of a connection that was just made."""
    client = service.container.registration().client("gitlab")
    connected = service.forge.issue().first(client, service.clock.now())
    return replace(connected, version=service.oauth_tokens.upsert(connected))


def operations(metrics):
    """The operations that were counted, as `store.operation`."""
    series = Scrape(metrics.render()).series("store_operations_total")
    return {f"{labels['store']}.{labels['operation']}" for labels in series}


def refreshes(metrics, forge="gitlab"):
    """The outcomes that were counted, without those that were not."""
    scrape = Scrape(metrics.render())
    counts = {
        labels["outcome"]: scrape("oauth_refreshes_total", **labels)
        for labels in scrape.series("oauth_refreshes_total")
        if labels["forge"] == forge
    }
    return {outcome: count for outcome, count in counts.items() if count}


VALUE = SecretValue("tok-1")
USES = {
    "prune_sessions": (lambda face: face.prune_sessions(HOUR_MS), {"sessions.prune_stale"}),
    "store_secret": (lambda face: face.store_secret("generic:x", VALUE), {"secrets.set"}),
    "read_secret": (
        lambda face: (
            face.store_secret("generic:x", VALUE),
            face.read_secret("generic:x"),
            face.read_secret("generic:x", 1),
        ),
        {"secrets.set", "secrets.get", "secret_history.get_version"},
    ),
    "rotate_agent_token": (lambda face: face.rotate_agent_token("reviewer", VALUE), {"secrets.set"}),
    "rollback_secret": (
        lambda face: (
            face.store_secret("generic:x", VALUE),
            face.store_secret("generic:x", SecretValue("tok-2")),
            face.rollback_secret("generic:x", 1),
        ),
        {"secrets.set", "secret_history.versions", "secret_history.get_version"},
    ),
    "find_damage": (lambda face: face.find_damage.current(), {"secret_history.find_damage"}),
    "look_at_connection": (lambda face: face.look_at_connection("gitlab"), {"oauth_tokens.get"}),
    "disconnect": (lambda face: face.disconnect("gitlab"), {"oauth_tokens.get", "oauth_tokens.delete"}),
}


@pytest.mark.parametrize(("use", "expected"), USES.values(), ids=USES)
def test_every_use_case_counts_what_it_does_to_the_stores(face, metrics, use, expected):
    use(face)

    assert operations(metrics) == expected


def test_what_the_container_gives_to_others_is_not_measured(service, face, metrics, token):
    service.container.secrets().set("generic:x", "x")
    service.container.store_secret()("generic:y", VALUE)
    service.container.refresh_connection()("gitlab", rejected=token.access_token)

    assert operations(metrics) == set()
    assert refreshes(metrics) == {}


def test_reading_a_secret_is_still_an_event(service, face):
    face.store_secret("generic:x", VALUE)
    face.read_secret("generic:x")

    assert service.calls.count("audit.record") == 2


def test_every_outcome_of_every_forge_is_there_before_the_first_refresh(metrics):
    series = Scrape(metrics.render()).series("oauth_refreshes_total")

    assert {labels["forge"] for labels in series} == set(FORGES)
    assert len(series) == len(FORGES) * len(RefreshOutcome)


def test_a_token_that_will_do_is_no_refresh(face, metrics, token):
    face.give_out_access_token("gitlab")

    assert refreshes(metrics) == {}


def test_a_refresh_is_counted_once(face, metrics, token):
    face.give_out_access_token("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"refreshed": 1}
    assert operations(metrics) == {"oauth_tokens.get", "oauth_tokens.upsert"}


def test_who_comes_behind_another_has_waited(service, face, metrics, token):
    def another_was_faster():
        service.before.clear()
        service.container.refresh_connection().attempt(token, "due")

    service.before["leases.acquire"] = another_was_faster

    face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"waited": 1}


def test_who_sees_while_waiting_that_another_was_done_has_waited(service, face, metrics, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)

    def another_saves():
        service.before.clear()
        service.oauth_tokens.upsert(replace(token, access_token=SecretValue("another"), expires_at=None))

    service.before["leases.acquire"] = another_saves

    face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"waited": 1}


def test_who_waits_in_vain_is_busy(service, face, metrics, token):
    service.leases.acquire("oauth:gitlab", ttl_ms=HOUR_MS)

    with pytest.raises(Busy):
        face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"busy": 1}


FAILURES = {
    "rejected": (GrantRefused("gitlab refuses"), NeedsReauth),
    "misconfigured": (Misconfigured("gitlab does not know the client"), Misconfigured),
    "failed": (ForgeFailed("gitlab answers with status 502"), ForgeFailed),
}


@pytest.mark.parametrize("outcome", FAILURES)
def test_a_refresh_that_came_to_nothing_says_why(service, face, metrics, token, outcome):
    failure, error = FAILURES[outcome]
    service.forge.failures.append(failure)

    with pytest.raises(error):
        face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {outcome: 1}


def test_a_refusal_is_counted_when_it_comes_out_and_not_at_every_call(service, face, metrics, token):
    service.forge.failures.append(GrantRefused("gitlab refuses"))
    for _ in range(3):
        with pytest.raises(NeedsReauth):
            face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"rejected": 1}


def test_a_living_token_that_is_given_out_because_the_forge_failed_is_a_failure(service, face, metrics, token):
    service.clock.set(token.expires_at - SECOND_MS)
    service.forge.failures.append(ForgeFailed("gitlab answers with status 502"))

    assert face.refresh_connection("gitlab").access_token == token.access_token

    assert refreshes(metrics) == {"failed": 1}


def test_an_answer_that_came_too_late_is_superseded(service, face, metrics, token):
    def connected_again():
        service.before.clear()
        service.oauth_tokens.upsert(replace(token, access_token=SecretValue("another"), expires_at=None))

    service.before["oauth_tokens.upsert"] = connected_again

    assert face.refresh_connection("gitlab", rejected=token.access_token).access_token == SecretValue("another")
    assert refreshes(metrics) == {"superseded": 1}


def test_an_answer_that_the_database_does_not_take_is_a_failure(service, face, metrics, token):
    service.fail("oauth_tokens.upsert", DatabaseUnusable("the disk is full"))

    with pytest.raises(DatabaseUnusable):
        face.refresh_connection("gitlab", rejected=token.access_token)

    assert refreshes(metrics) == {"failed": 1}
    scrape = Scrape(metrics.render())
    lost = {"store": "oauth_tokens", "operation": "upsert", "outcome": "database_unusable"}
    assert scrape("store_operations_total", **lost) > 1


def test_the_measured_refresh_and_the_containers_own_take_turns(service, face):
    assert face.refresh_connection._turns is service.container.refresh_connection()._turns


def test_a_compare_that_is_lost_is_an_outcome(face, metrics):
    with pytest.raises(VersionConflict):
        face.secrets.set("generic:x", "x", expected_version=9)

    lost = {"store": "secrets", "operation": "set", "outcome": "version_conflict"}
    assert Scrape(metrics.render())("store_operations_total", **lost) == 1
