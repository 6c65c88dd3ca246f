"""Connecting in a browser: who may finish what was begun, and what is asked of the forge."""

import logging
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.testclient import TestClient

from adapters.forges import GitlabAuthorizationServer
from adapters.memory import ManualClock
from app.boot import open_service
from app.http.application import build_app
from app.http.readiness import Readiness
from app.setting_sources import load_settings
from app.usecases.oauth.connect import new_random
from domain.connections import AUTHORIZATION_TTL_MS, digest_of
from domain.errors import ForgeFailed
from domain.migrations import MigrationReport
from tests.support.oauth_forge import CLIENT_SECRET
from tests.support.oauth_home import home_of
from tests.support.races import in_threads


@pytest.fixture
def service(forge, tmp_path):
    home = home_of(forge, tmp_path)
    with home.service() as service:
        yield service


@pytest.fixture
def new_client(service):
    """Clients with a token that may do everything, each with cookies of its own."""
    readiness = Readiness()
    readiness.settle(MigrationReport(dry_run=False))
    app = build_app(service, readiness)
    _, token = service.create_api_token()("a test", ("admin",))

    def client(**headers):
        return TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}", **headers})

    return client


@pytest.fixture
def client(new_client):
    return new_client()


CLIENTS_OF_THE_TEST = {"httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection"}
"""What the service itself sends through these is looked at in test_wire.py."""


def begin(client, forge):
    answer = client.post(f"/oauth/{forge.forge}/authorize")
    assert answer.status_code == 200
    return answer.json()["authorization_url"]


def come_back(client, address):
    """Follow the forge's redirect as a browser does: with the cookie, and without a bearer token."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}", headers={"Authorization": "", "Accept": "text/html"})


def test_a_forge_is_connected_refreshed_given_out_and_disconnected(client, forge, browser):
    back = browser.allow(begin(client, forge))

    page = come_back(client, back)
    shown = client.get(f"/oauth/{forge.forge}").json()
    given = client.get(f"/oauth/{forge.forge}/access-token")
    refreshed = client.post(f"/oauth/{forge.forge}/refresh").json()
    given_later = client.get(f"/oauth/{forge.forge}/access-token").json()
    ended = client.delete(f"/oauth/{forge.forge}").json()

    assert page.status_code == 200
    assert "connected as ada" in page.text
    assert (shown["status"], shown["account"], shown["last_refresh_at"]) == ("connected", "ada", None)
    assert given.headers["cache-control"] == "no-store"
    assert refreshed["last_refresh_at"] is not None
    assert refreshed["version"] > shown["version"]
    assert given_later["access_token"] != given.json()["access_token"]
    assert ended["revocation"] == ("not_supported" if forge.kind == "forgejo" else "revoked")
    assert client.get(f"/oauth/{forge.forge}").json()["status"] == "not_connected"
    assert forge.takes(given_later["access_token"]) is (forge.kind == "forgejo")


def test_a_program_that_comes_back_is_answered_in_json(client, forge, browser):
    parts = urlsplit(browser.allow(begin(client, forge)))

    answer = client.get(f"{parts.path}?{parts.query}")

    assert answer.json()["status"] == "connected"
    assert "access_token" not in answer.text


def test_the_answer_names_scopes_but_no_token(client, forge, browser, service):
    come_back(client, browser.allow(begin(client, forge)))
    token = service.unaudited_oauth_tokens().get(forge.forge)

    said = client.get("/oauth").text + client.get(f"/oauth/{forge.forge}").text

    assert token.access_token.reveal() not in said
    assert token.refresh_token.reveal() not in said


def refused(client, address, forge, *, status=403):
    answer = come_back(client, address)
    assert answer.status_code == status
    assert client.get(f"/oauth/{forge.forge}").json()["status"] == "not_connected"
    assert forge.stats()["codes"] == 0
    return answer


def test_a_state_is_good_once(client, forge, browser):
    back = browser.allow(begin(client, forge))
    assert come_back(client, back).status_code == 200
    client.delete(f"/oauth/{forge.forge}")

    assert come_back(client, back).status_code == 403
    assert forge.stats()["codes"] == 1


def test_another_browser_cannot_finish_and_the_first_still_can(client, new_client, forge, browser):
    back = browser.allow(begin(client, forge))

    refused(new_client(), back, forge)
    other = new_client()
    begin(other, forge)
    refused(other, back, forge)

    assert come_back(client, back).status_code == 200


def test_two_tabs_do_not_disturb_one_another(client, forge, browser):
    first, second = begin(client, forge), begin(client, forge)

    answers = [come_back(client, browser.allow(url)) for url in (first, second)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_after_ten_minutes_it_is_too_late(forge, tmp_path, browser):
    clock = ManualClock()
    flags = {**home_of(forge, tmp_path).flags, f"{forge.forge}_client_secret": CLIENT_SECRET}
    container = open_service(load_settings({}, flags))
    container.clock.override(clock)
    begin_it, finish = container.begin_authorization(), container.pending_authorizations()
    starter = new_random()
    begun = begin_it(forge.forge, starter=starter)
    clock.advance(AUTHORIZATION_TTL_MS)

    assert finish.take(digest_of(begun.state), forge=forge.forge, starter_digest=digest_of(starter)) is None
    container.database().close()


def with_query(address, **changes):
    parts = urlsplit(address)
    said = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return parts._replace(query=urlencode({name: value for name, value in said.items() if value is not None})).geturl()


@pytest.mark.parametrize(
    "changes", [{"state": None}, {"state": "another"}, {"state": ""}], ids=["no state", "another state", "an empty one"]
)
def test_nothing_comes_of_an_answer_without_its_state(client, forge, browser, changes):
    refused(client, with_query(browser.allow(begin(client, forge)), **changes), forge)


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example"}, {"code": None}, {"code": ""}], ids=str)
def test_nothing_comes_of_an_answer_that_is_another_servers_or_none(client, forge, browser, changes):
    refused(client, with_query(browser.allow(begin(client, forge)), **changes), forge)


def test_each_forge_may_call_itself_as_it_does(client, forge, browser):
    issuer = f"{forge.base_url}/login/oauth" if forge.kind == "github" else f"{forge.base_url}/"

    assert come_back(client, with_query(browser.allow(begin(client, forge)), iss=issuer)).status_code == 200


def test_the_issuer_may_be_left_out(client, forge, browser):
    assert come_back(client, with_query(browser.allow(begin(client, forge)), iss=None)).status_code == 200


def test_an_answer_that_says_a_thing_twice_is_refused(client, forge, browser):
    refused(client, browser.allow(begin(client, forge)) + "&state=x", forge, status=422)


def test_the_state_of_one_forge_is_worth_nothing_at_another(client, forge, browser):
    parts = urlsplit(browser.allow(begin(client, forge)))
    other = "github" if forge.forge != "github" else "gitlab"

    refused(client, parts._replace(path=f"/oauth/{other}/callback").geturl(), forge)


def test_a_no_is_told_in_the_forges_words_made_harmless(client, forge, browser):
    back = browser.deny(begin(client, forge))

    page = refused(client, with_query(back, error_description="<script>alert(1)</script>"), forge)

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_words_of_a_no_without_a_state_are_shown_to_nobody(client, forge):
    page = come_back(client, f"/oauth/{forge.forge}/callback?error=x&error_description=sesame")

    assert "sesame" not in page.text


def test_the_redirect_address_is_ours_whatever_host_is_named(new_client, forge):
    url = begin(new_client(Host="evil.example"), forge)

    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [f"http://127.0.0.1:8787/oauth/{forge.forge}/callback"]


def test_the_cookie_is_bound_to_the_browser_and_says_nothing(client, forge):
    answer = client.post(f"/oauth/{forge.forge}/authorize")

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=600" in cookie
    state = parse_qs(urlsplit(answer.json()["authorization_url"]).query)["state"][0]
    assert state.lower() not in cookie


def test_over_tls_no_other_host_can_set_the_cookie(forge, tmp_path):
    with home_of(forge, tmp_path).service(public_url="https://hooks.example.org/") as service:
        readiness = Readiness()
        readiness.settle(MigrationReport(dry_run=False))
        _, token = service.create_api_token()("a test", ("admin",))
        client = TestClient(build_app(service, readiness), headers={"Authorization": f"Bearer {token.reveal()}"})

        answer = client.post(f"/oauth/{forge.forge}/authorize")

    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "Secure" in answer.headers["set-cookie"]
    asked = parse_qs(urlsplit(answer.json()["authorization_url"]).query)
    assert asked["redirect_uri"] == [f"https://hooks.example.org/oauth/{forge.forge}/callback"]


def test_connecting_needs_a_grant_and_coming_back_needs_none(service, new_client, forge):
    readiness = Readiness()
    readiness.settle(MigrationReport(dry_run=False))
    stranger = TestClient(build_app(service, readiness))

    assert stranger.post(f"/oauth/{forge.forge}/authorize").status_code == 401
    assert stranger.get(f"/oauth/{forge.forge}/access-token").status_code == 401
    assert stranger.get(f"/oauth/{forge.forge}/callback").status_code == 403


def test_nothing_of_a_whole_connection_is_logged_at_debug(client, forge, browser, service, caplog):
    caplog.set_level(logging.DEBUG)
    back = browser.allow(begin(client, forge))
    come_back(client, back)
    first = service.unaudited_oauth_tokens().get(forge.forge)
    client.post(f"/oauth/{forge.forge}/refresh")
    client.get(f"/oauth/{forge.forge}/access-token")
    second = service.unaudited_oauth_tokens().get(forge.forge)
    forge.fault(grant="refresh_token", status=502, body=second.refresh_token.reveal())
    client.post(f"/oauth/{forge.forge}/refresh", json={"rejected": second.access_token.reveal()})
    client.delete(f"/oauth/{forge.forge}")

    said = "\n".join(record.getMessage() for record in caplog.records if record.name not in CLIENTS_OF_THE_TEST)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    tokens = [token.reveal() for each in (first, second) for token in (each.access_token, each.refresh_token)]
    secrets = [query["code"], query["state"], client.cookies["strongroom-login"], CLIENT_SECRET, *tokens]
    assert [secret for secret in secrets if secret in said] == []


def test_two_disconnects_at_once_are_both_well(client, forge, browser):
    come_back(client, browser.allow(begin(client, forge)))

    answers = in_threads(lambda _number: client.delete(f"/oauth/{forge.forge}").status_code, count=2)

    assert answers == [200, 200]


def test_a_disconnect_with_the_forge_away_empties_the_row(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        home.connect(service)
        token = service.unaudited_oauth_tokens().get("gitlab")

        class Away(GitlabAuthorizationServer):
            def revoke(self, client, token):
                raise ForgeFailed("gitlab cannot be reached")

        service.registration().servers["gitlab"] = Away()
        ended = service.disconnect()("gitlab")

        assert (ended.revocation, service.unaudited_oauth_tokens().get("gitlab")) == ("revoke_failed", None)
        assert "applications" in ended.advice
    assert gitlab.takes(token.access_token.reveal())


def test_a_revocation_is_believed_only_when_the_forge_refuses_the_token(gitlab, tmp_path):
    """GitLab says yes and does nothing for a refresh token whose access token has expired."""
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        first = home.connect(service)
        server = service.registration().servers["gitlab"]
        real, said = server.revoke, []

        def says_yes_first(client, token):
            said.append(token)
            if len(said) > 1:
                real(client, token)

        server.revoke = says_yes_first
        service.unaudited_oauth_tokens().upsert(replace(first, expires_at=service.clock().now() - 1))

        ended = service.disconnect()("gitlab")

        assert ended.revocation == "revoked"
        assert not said[1].same_credentials(first)
        assert not gitlab.takes(said[1].access_token.reveal())


def test_who_connects_and_gives_out_is_in_the_audit_log(client, forge, browser, service):
    come_back(client, browser.allow(begin(client, forge)))
    client.get(f"/oauth/{forge.forge}/access-token")
    client.post(f"/oauth/{forge.forge}/refresh")
    client.delete(f"/oauth/{forge.forge}")

    events = [event for event in service.audit().list() if event.subject == forge.forge]

    assert [event.action for event in reversed(events)] == [
        "oauth.connect", "oauth.read", "oauth.refresh", "oauth.disconnect"
    ]  # fmt: skip
    assert all(event.actor.startswith("token:") for event in events)
