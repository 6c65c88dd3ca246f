"""Tokens in use are refreshed before anybody waits for it; restored ones are checked; others are left alone."""

from dataclasses import replace

import pytest

from app.audit import acting_as
from domain.audit import Action
from domain.connections import ConnectionFault, FaultKind, Status
from domain.errors import ForgeFailed, NeedsReauth
from domain.instants import HOUR_MS, MINUTE_MS
from domain.oauth import OAuthToken
from domain.ports import GrantRefused
from domain.values import SecretValue
from tests.support.memory_service import MemoryService


@pytest.fixture
def service():
    service = MemoryService()
    service.container.unaudited_setting_store().set("gitlab_client_id", "strongroom")
    return service


@pytest.fixture
def ahead(service):
    return service.container.refresh_ahead()


@pytest.fixture
def token(service):
    client = service.container.registration().client("gitlab")
    connected = service.forge.issue().first(client, service.clock.now())
    return replace(connected, version=service.oauth_tokens.upsert(connected))


def asked_for(service):
    with acting_as("token:1 agent"):
        service.container.give_out_access_token()("gitlab")


def restored(service, token):
    """Mark a token as a restore does."""
    service.faults.record(
        ConnectionFault(
            forge=token.forge_type,
            token_version=token.version,
            kind=FaultKind.UNCHECKED,
            reason="restored from a backup",
            since=service.clock.now(),
            at=service.clock.now(),
            failures=0,
        )
    )


def test_one_that_is_in_use_is_refreshed_before_it_is_due(service, ahead, token):
    asked_for(service)
    service.clock.set(token.expires_at - 3 * MINUTE_MS + 1)

    assert ahead() == ["refreshed gitlab"]
    assert service.forge.refreshes == 1


def test_not_earlier(service, ahead, token):
    asked_for(service)
    service.clock.set(token.expires_at - 3 * MINUTE_MS)

    assert ahead() == []
    assert service.forge.refreshes == 0


def test_one_that_nobody_asked_for_is_left_to_end(service, ahead, token):
    service.clock.set(token.expires_at - MINUTE_MS)

    assert ahead() == []
    assert service.forge.refreshes == 0


def test_one_that_nobody_asked_for_since_it_was_refreshed_is_left_to_end(service, ahead, token):
    asked_for(service)
    service.clock.set(token.expires_at - 2 * MINUTE_MS)
    ahead()
    renewed = service.oauth_tokens.get("gitlab")
    service.clock.set(renewed.expires_at - 2 * MINUTE_MS)

    assert ahead() == []
    assert service.forge.refreshes == 1


def test_it_is_an_event_of_a_refresh_and_not_of_a_reading(service, ahead, token):
    asked_for(service)
    service.clock.set(token.expires_at - MINUTE_MS)
    ahead()

    assert [event.action for event in service.audit.list(limit=2)] == [Action.OAUTH_REFRESH, Action.OAUTH_READ]


def test_a_forge_that_fails_is_told(service, ahead, token):
    asked_for(service)
    service.clock.set(token.expires_at - 2 * MINUTE_MS)
    service.fail("forge.refresh", ForgeFailed("gitlab answers 502"))

    with pytest.raises(ForgeFailed, match="gitlab answers 502"):
        ahead()


def test_a_restored_token_is_checked_by_refreshing_it_once(service, ahead, token):
    restored(service, token)

    assert ahead() == ["checked gitlab"]
    assert ahead() == []
    assert service.forge.refreshes == 1


def test_a_restored_token_is_checked_before_it_is_given_to_anybody(service, token):
    restored(service, token)

    got = service.container.refresh_connection()("gitlab")

    assert got.version > token.version
    assert service.forge.refreshes == 1


def test_until_it_is_checked_the_connection_says_so_and_stays_connected(service, token):
    restored(service, token)

    connection = service.container.look_at_connection()("gitlab")

    assert (connection.status, connection.last_error) == (Status.CONNECTED, "restored from a backup")


def test_a_restored_token_that_was_spent_needs_to_be_connected_again(service, token):
    restored(service, token)
    service.fail("forge.refresh", GrantRefused("invalid_grant"))

    with pytest.raises(NeedsReauth):
        service.container.refresh_connection()("gitlab")
    assert service.container.look_at_connection()("gitlab").status is Status.NEEDS_REAUTH


def test_while_the_forge_is_down_a_restored_token_that_lives_is_given_as_it_is(service, token):
    restored(service, token)
    service.fail("forge.refresh", ForgeFailed("gitlab answers 502"))

    assert service.container.refresh_connection()("gitlab").access_token == token.access_token
    assert service.faults.get("gitlab").kind is FaultKind.UNCHECKED


def test_a_check_that_the_forge_did_not_answer_is_none(service, ahead, token):
    restored(service, token)
    service.fail("forge.refresh", ForgeFailed("gitlab answers 502"))

    assert ahead() == []


@pytest.fixture
def lasting(service):
    """A token that nothing refreshes and that does not end."""
    service.container.unaudited_setting_store().set("github_client_id", "strongroom")
    kept = OAuthToken(forge_type="github", access_token=SecretValue("gho_1"), base_url="https://github.com")
    return replace(kept, version=service.oauth_tokens.upsert(kept))


@pytest.mark.parametrize(("alive", "is_marked"), [(True, False), (None, True)])
def test_a_restored_token_that_nothing_refreshes_is_asked_about(service, lasting, alive, is_marked):
    restored(service, lasting)
    service.forge.is_alive = lambda *_: alive

    assert service.container.refresh_connection()("github").access_token == lasting.access_token
    assert (service.faults.get("github") is not None) is is_marked


def test_a_restored_token_that_nothing_refreshes_and_its_forge_does_not_take_is_given_to_nobody(service, lasting):
    restored(service, lasting)
    service.forge.is_alive = lambda *_: False

    with pytest.raises(NeedsReauth):
        service.container.refresh_connection()("github")


def test_a_mark_of_an_older_token_says_nothing(service, token):
    restored(service, token)
    service.oauth_tokens.upsert(replace(token, expires_at=token.expires_at + HOUR_MS))

    service.container.refresh_connection()("gitlab")

    assert service.forge.refreshes == 0
