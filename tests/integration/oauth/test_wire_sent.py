"""What goes over the wire to a forge: the parameters that the RFCs ask for, to the right address, and nothing else."""

import json
from base64 import b64encode

import pytest

from domain.errors import ForgeFailed, Misconfigured
from domain.oauth import OAuthClient
from domain.values import SecretValue
from tests.support.forge_server import says
from tests.support.oauth_server import (
    ACCESS,
    GIVEN,
    REFRESH,
    SECRET,
    SERVERS,
    TOKEN_PATHS,
    a_told_forge,
    client_of,
    fails,
    form,
    token_of,
)


@pytest.fixture
def told():
    with a_told_forge() as told:
        yield told


@pytest.fixture(params=SERVERS)
def forge(request):
    return request.param


def test_an_exchange_sends_what_the_rfc_asks_for_and_nothing_else(told, forge):
    client = client_of(forge, told.url)

    SERVERS[forge].exchange(client, SecretValue("code/+&="), SecretValue("v" * 43))

    [asked] = told.asked
    assert asked[:2] == ("POST", TOKEN_PATHS[forge])
    assert form(asked) == {
        "grant_type": "authorization_code",
        "code": "code/+&=",
        "code_verifier": "v" * 43,
        "redirect_uri": client.redirect_uri,
        "client_id": client.id,
        "client_secret": SECRET,
    }
    assert asked[2]["Accept"] == "application/json"
    assert asked[2]["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert asked[2]["Authorization"] is None


def test_a_refresh_sends_what_the_rfc_asks_for_and_nothing_else(told, forge):
    SERVERS[forge].refresh(client_of(forge, told.url), SecretValue("rt/+ &=%"))

    [asked] = told.asked
    assert form(asked) == {
        "grant_type": "refresh_token",
        "refresh_token": "rt/+ &=%",
        "client_id": "id of ours/1",
        "client_secret": SECRET,
    }
    assert (asked[2]["Accept"], asked[2]["Authorization"]) == ("application/json", None)


def test_a_public_client_says_who_it_is_and_shows_no_secret(told, forge):
    SERVERS[forge].refresh(client_of(forge, told.url, secret=None), REFRESH)

    [asked] = told.asked
    assert form(asked) == {"grant_type": "refresh_token", "refresh_token": "rt-SENTINEL", "client_id": "id of ours/1"}
    assert asked[2]["Authorization"] is None


@pytest.mark.parametrize("path", ["", "/", "/git", "/git/", "/a/b//"])
def test_every_address_is_below_the_base_url(told, forge, path):
    server, client = SERVERS[forge], client_of(forge, told.url + path)
    below = path.rstrip("/")
    revoked = says(204, b"") if forge == "github" else says(200, {})
    told.answer = lambda request: (revoked if request.path.endswith(("/grant", "/revoke")) else GIVEN)(request)

    url = server.authorization_url(client, state=SecretValue("s"), verifier=SecretValue("v" * 43))
    server.refresh(client, REFRESH)
    server.account(client, ACCESS)
    server.is_alive(client, ACCESS)
    server.revoke(client, token_of(forge))

    base = f"{told.url}{below}"
    assert url.startswith(f"{base}/{'oauth' if forge == 'gitlab' else 'login/oauth'}/authorize?")
    assert server.settings_url(client.base_url).startswith(f"{base}/")
    assert [asked[1].removeprefix(below).startswith("//") for asked in told.asked].count(True) == 0
    assert {asked[1][: len(below)] for asked in told.asked} == {below}


@pytest.mark.parametrize(("refresh", "revoked"), [(True, REFRESH), (False, ACCESS)])
def test_gitlab_is_told_to_revoke_the_refresh_token_rather_than_the_access_token(told, refresh, revoked):
    told.answer = says(200, {})

    SERVERS["gitlab"].revoke(client_of("gitlab", told.url), token_of("gitlab", refresh=refresh))

    [asked] = told.asked
    assert asked[:2] == ("POST", "/oauth/revoke")
    assert form(asked) == {
        "token": revoked.reveal(),
        "token_type_hint": "refresh_token" if refresh else "access_token",
        "client_id": "id of ours/1",
        "client_secret": SECRET,
    }


@pytest.mark.parametrize(("refresh", "what"), [(True, "grant"), (False, "token")])
@pytest.mark.parametrize("status", [204, 404, 422])
def test_github_is_told_by_basic_authentication_and_an_access_token_that_is_gone_is_well(told, refresh, what, status):
    told.answer = says(status, b"" if status == 204 else {"message": "Not Found"})
    client = OAuthClient(
        forge="github", base_url=told.url, id="Iv1.abc", secret=SecretValue("s:3/c"), redirect_uri="", scopes=()
    )

    SERVERS["github"].revoke(client, token_of("github", refresh=refresh))

    [asked] = told.asked
    assert asked[:2] == ("DELETE", f"/api/v3/applications/Iv1.abc/{what}")
    assert asked[2]["Authorization"] == f"Basic {b64encode(b'Iv1.abc:s:3/c').decode()}"
    assert json.loads(asked[3]) == {"access_token": "at-SENTINEL"}


def test_forgejo_has_no_way_to_revoke_and_is_not_asked(told):
    SERVERS["forgejo"].revoke(client_of("forgejo", told.url), token_of("forgejo"))

    assert SERVERS["forgejo"].can_revoke is False
    assert told.asked == []


@pytest.mark.parametrize("forge", ["github", "gitlab"])
@pytest.mark.parametrize(("status", "kind"), [(401, Misconfigured), (403, Misconfigured), (500, ForgeFailed)])
def test_a_revocation_that_fails_says_why(told, forge, status, kind):
    told.answer = says(status, {"error": "SENTINEL"})

    fails(lambda: SERVERS[forge].revoke(client_of(forge, told.url), token_of(forge)), kind)


@pytest.mark.parametrize(
    "url", ["", "forge.example.org", "ftp://forge.example.org", "https://", "file:///x", "http://["]
)
def test_nobody_is_sent_to_an_address_that_is_none(forge, url):
    client = client_of(forge, url)

    error = fails(
        lambda: SERVERS[forge].authorization_url(client, state=SecretValue("s"), verifier=SecretValue("v" * 43)),
        Misconfigured,
    )

    assert f"STRONGROOM_{forge.upper()}_URL" in error.advice


def test_github_itself_has_its_api_on_a_host_of_its_own():
    server = SERVERS["github"]

    assert server.api(client_of("github", "https://github.com")) == "https://api.github.com"
    assert server.api(client_of("github", "https://github.com/")) == "https://api.github.com"
    assert server.api(client_of("github", "https://ghe.example.org")) == "https://ghe.example.org/api/v3"
