"""The forges' adapters against a real authorization server that answers as each forge does."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.forges import ForgejoAuthorizationServer, GithubAuthorizationServer, GitlabAuthorizationServer
from domain.errors import ForgeFailed
from domain.instants import SECOND_MS
from domain.oauth import OAuthToken
from domain.ports import GrantRefused
from domain.values import SecretValue
from tests.contracts.authorization_server import AuthorizationServerContract
from tests.support.oauth_forge import PUBLIC_CLIENT_ID, running_forge

SERVERS = {
    "gitlab": GitlabAuthorizationServer(),
    "github": GithubAuthorizationServer(),
    "forgejo": ForgejoAuthorizationServer(),
}
STATE, VERIFIER = SecretValue("state-" + "s" * 40), SecretValue("verifier-" + "v" * 40)


def code_of(url):
    return SecretValue(parse_qs(urlsplit(url).query)["code"][0])


def granted(forge, browser, client=None):
    """Connect, and return the server, the client and what it was given."""
    server, client = SERVERS[forge.forge], client or forge.client()
    url = server.authorization_url(client, state=STATE, verifier=VERIFIER)
    return server, client, server.exchange(client, code_of(browser.allow(url)), VERIFIER)


def token_of(client, answer):
    return answer.first(client, 1_795_521_600_000)


def test_a_code_gives_tokens_and_a_refresh_others(forge, browser):
    server, client, first = granted(forge, browser)

    second = server.refresh(client, first.refresh_token)

    assert second.access_token != first.access_token
    assert second.refresh_token not in {None, first.refresh_token}
    assert second.lifetime_ms == 7_200 * SECOND_MS
    assert second.refresh_lifetime_ms == (15_811_200 * SECOND_MS if forge.kind == "github" else None)
    assert second.scopes == (None if forge.kind == "forgejo" else ("api",))


def test_the_link_carries_a_challenge_and_never_the_verifier(forge):
    url = SERVERS[forge.forge].authorization_url(forge.client(), state=STATE, verifier=VERIFIER)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(forge.base_url)
    assert asked["code_challenge_method"] == "S256"
    assert asked["state"] == STATE.reveal()
    assert asked["scope"] == "api"
    assert VERIFIER.reveal() not in url


class TestForge(AuthorizationServerContract):
    @pytest.fixture
    def connected(self, forge, browser):
        server, client, first = granted(forge, browser)
        return server, client, forge.client(secret="wrong"), first


def test_a_code_is_good_for_one_use_and_for_its_verifier(forge, browser):
    server, client = SERVERS[forge.forge], forge.client()
    code = code_of(browser.allow(server.authorization_url(client, state=STATE, verifier=VERIFIER)))

    with pytest.raises(GrantRefused):
        server.exchange(client, code, SecretValue("another-" + "v" * 40))


FAULTS = {
    "500": ({"status": 500}, True),
    "502": ({"status": 502}, True),
    "503": ({"status": 503}, True),
    "429": ({"status": 429, "headers": {"retry-after": "7"}}, False),
    "a redirect": ({"status": 302, "headers": {"location": "http://127.0.0.1:1/"}}, False),
    "a page": ({"status": 200, "body": "<html>wait</html>"}, True),
    "too much": ({"status": 200, "body": "x" * 100_000}, True),
    "closed": ({"close": True}, True),
    "lost": ({"lose": True}, True),
    "cut": ({"cut": True}, True),
    "no access token": ({"unset": ["access_token"]}, True),
    "an empty access token": ({"set": {"access_token": ""}}, True),
    "an access token that is none": ({"set": {"access_token": ["a"]}}, True),
    "another type": ({"set": {"token_type": "mac"}}, True),
    "an error nobody knows": ({"set": {"error": "server_is_tired"}}, False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_may_pass_is_told_from_what_does_not(forge, browser, fault):
    how, may_have_acted = FAULTS[fault]
    server, client, first = granted(forge, browser)
    forge.fault(**how)

    with pytest.raises(ForgeFailed) as caught:
        server.refresh(client, first.refresh_token)

    assert caught.value.may_have_acted is may_have_acted
    assert caught.value.retry_after_ms == (7 * SECOND_MS if fault == "429" else None)
    assert forge.stats()["refreshes"] == 1


def test_a_forge_that_cannot_be_reached_has_not_acted(forge):
    client = forge.client(base_url="http://127.0.0.1:9")

    with pytest.raises(ForgeFailed) as caught:
        SERVERS[forge.forge].refresh(client, SecretValue("any"))

    assert caught.value.may_have_acted is False


def test_a_token_without_an_end_has_none(forge, browser):
    server, client, first = granted(forge, browser)
    forge.fault(unset=["expires_in", "refresh_token", "scope"])

    answer = server.refresh(client, first.refresh_token)

    assert (answer.lifetime_ms, answer.refresh_token, answer.scopes) == (None, None, None)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_forge_may_live_below_a_path(browser, slash):
    with running_forge("gitlab", path="/git") as forge:
        server, client, first = granted(forge, browser, forge.client(base_url=forge.base_url + slash))

        assert server.refresh(client, first.refresh_token)
        assert server.account(client, first.access_token) is None
        assert forge.stats()["asked"].count("POST /oauth/token") == 2


def test_a_public_client_needs_no_secret(browser):
    with running_forge("gitlab") as forge:
        client = forge.client(secret=None, client_id=PUBLIC_CLIENT_ID)

        server, _, first = granted(forge, browser, client)

        assert server.refresh(client, first.refresh_token)


def test_nothing_of_it_is_logged(forge, browser, caplog):
    caplog.set_level(logging.DEBUG)
    server, client = SERVERS[forge.forge], forge.client()
    code = code_of(browser.allow(server.authorization_url(client, state=STATE, verifier=VERIFIER)))
    caplog.clear()

    first = server.exchange(client, code, VERIFIER)
    second = server.refresh(client, first.refresh_token)
    server.account(client, second.access_token)
    server.revoke(client, token_of(client, second))

    said = caplog.text
    assert "httpcore2" in said  # the clients do tell what they do
    secrets = (
        code,
        VERIFIER,
        STATE,
        client.secret,
        *(t for a in (first, second) for t in (a.access_token, a.refresh_token)),
    )
    assert [secret for secret in secrets if secret.reveal() in said] == []


def test_a_token_that_a_store_holds_can_be_made_of_every_answer(forge, browser):
    _, client, first = granted(forge, browser)

    assert isinstance(token_of(client, first), OAuthToken)
