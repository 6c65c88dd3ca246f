import os

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.http.access import OPEN_PATHS
from app.http.application import build_app
from app.http.peers import PEER_UID
from domain.instants import HOUR_MS

KEY = "forgejo:reviewer:acme/api:42"


def every_call(app):
    """Every method of every route, on a path that it matches, and some paths that no route matches."""
    for route in app.routes:
        assert isinstance(route, Route)
        for method in sorted(route.methods):
            yield (
                method,
                route.path.replace("{key:path}", KEY).replace("{name:path}", "a").replace("{", "").replace("}", ""),
            )
    yield from [("GET", "/"), ("GET", "/nowhere"), ("OPTIONS", "/sessions"), ("TRACE", "/secrets"), ("POST", "/livez")]


def test_no_route_but_the_health_checks_is_open(container, readiness, stranger):
    answers = {call: stranger.request(*call) for call in every_call(build_app(container, readiness))}

    opened = {path for (_, path), answer in answers.items() if answer.status_code != 401}
    assert opened == OPEN_PATHS
    assert len(answers) > 25
    assert {answer.headers.get("WWW-Authenticate") for answer in answers.values() if answer.status_code == 401} == {
        "Bearer"
    }


def test_a_token_without_a_grant_is_let_in_nowhere(container, readiness, client_with):
    client = client_with("read:/nothing-that-is-here")

    for method, path in every_call(build_app(container, readiness)):
        if path not in OPEN_PATHS:
            assert client.request(method, path).status_code == 403, (method, path)


@pytest.mark.parametrize(
    ("grant", "method", "path", "allowed"),
    [
        ("admin", "PUT", f"/sessions/{KEY}", True),
        ("read:/*", "GET", f"/sessions/{KEY}", True),
        ("read:/*", "HEAD", "/sessions", True),
        ("read:/*", "PUT", f"/sessions/{KEY}", False),
        ("read:/*", "DELETE", f"/sessions/{KEY}", False),
        ("write:/sessions/*", "GET", f"/sessions/{KEY}", True),
        ("write:/sessions/*", "GET", "/sessions", False),
        ("read:/sessions/*", "GET", f"/sessions/{KEY.replace('/', '%2F')}", True),
        ("read:/sessions/forgejo:reviewer:*", "GET", "/sessions/forgejo:writer:a/b:1", False),
        ("read:/sessions/forgejo:reviewer:*", "GET", "/sessions/forgejo%3Areviewer%3Aa%2Fb%3A1", True),
        ("read:/secrets/agent_token:reviewer/value", "GET", "/secrets/agent_token:reviewer/value", True),
        ("read:/secrets/agent_token:reviewer/value", "GET", "/secrets/agent_token:reviewer", False),
        ("read:/secrets/agent_token:reviewer", "GET", "/secrets/agent_token:reviewer/value", False),
        ("read:/secrets/agent_token:reviewer", "GET", "/secrets/agent_token:reviewer%0A", False),
        ("read:/secrets/a", "GET", "/secrets/%61", True),
        ("write:/agents/reviewer/token", "PATCH", "/agents/reviewer/token", True),
        ("write:/agents/reviewer/token", "PATCH", "/agents/writer/token", False),
        ("read:/migrations*", "POST", "/migrations/run", False),
    ],
)
def test_a_grant_opens_its_paths_for_its_verb(client_with, grant, method, path, allowed):
    status = client_with(grant).request(method, path).status_code

    assert (status != 403) is allowed
    assert status != 401


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer srt_nonsense", "srt_nonsense", "Bearer \xe4", "Bearer a b"],
)
def test_what_is_no_known_token_is_unauthenticated(stranger, credentials):
    answer = stranger.get("/sessions", headers=[("Authorization", credentials.encode("latin-1"))])

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_two_tokens_at_once_are_none(client):
    headers = [("Authorization", client.headers["Authorization"]), ("Authorization", "Bearer x")]

    assert TestClient(client.app).get("/sessions", headers=headers).status_code == 401


def test_the_scheme_is_spelled_as_one_likes(stranger, container):
    _, token = container.create_api_token()("t", ("admin",))

    assert stranger.get("/sessions", headers={"Authorization": f"bEARER {token.reveal()}"}).status_code == 200


def test_an_expired_token_opens_nothing(stranger, container):
    _, token = container.create_api_token()("t", ("admin",), lifetime_ms=-HOUR_MS)

    assert stranger.get("/sessions", headers={"Authorization": f"Bearer {token.reveal()}"}).status_code == 401


def test_the_use_of_a_token_is_written_down(client, container):
    client.get("/sessions")
    client.get("/sessions")

    assert container.api_tokens().list()[0].last_used_at is not None


def test_a_web_socket_is_turned_away(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/sessions"):
        pass


@pytest.mark.parametrize(("stranger_by", "status"), [(0, 200), (1, 401)])
def test_a_peer_is_admin_if_it_is_our_own_user(container, readiness, stranger_by, status):
    service = build_app(container, readiness)

    async def over_a_unix_socket(scope, receive, send):
        scope["state"] = {PEER_UID: os.geteuid() + stranger_by}
        scope["client"] = None
        await service(scope, receive, send)

    answer = TestClient(over_a_unix_socket).get("/secrets")

    assert answer.status_code == status
