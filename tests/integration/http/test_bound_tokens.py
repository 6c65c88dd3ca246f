"""A token that is bound to an agent reads that agent's token, and opens nothing else whatsoever."""

from contextlib import closing
from http.client import HTTPConnection

import httpx2
import pytest
from starlette.testclient import TestClient

from adapters.sql import SqlApiTokenStore, open_database
from app.http.access import OPEN_PATHS
from app.http.application import build_app
from domain.audit import Action
from domain.instants import DAY_MS, HOUR_MS
from tests.integration.cli.homes import Home
from tests.support.served import a_served_home

AGENTS = ("reviewer", "writer")
OPENED = "/secrets/agent_token:reviewer/value"
GRANT = f"read:{OPENED}"
METHODS = ("GET", "HEAD", "LIST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
KEY = "forgejo:reviewer:acme/api:42"
NO_AGENTS = ["", "-x", "a b", "x" * 65, "*", "reviewer/value", "reviewer\n", "a:b", "../writer", "é", "penpot api"]


@pytest.fixture(autouse=True)
def _tokens_of_agents(container):
    for agent in AGENTS:
        container.secrets().set(f"agent_token:{agent}", f"value-of-{agent}")


def bind(client, agent="reviewer", **more):
    return client.post("/api-tokens", json={"name": "bound", "agent": agent, **more})


def holder(client, made):
    return TestClient(client.app, headers={"Authorization": f"Bearer {made.json()['token']}"})


@pytest.fixture
def bound(client):
    made = bind(client)
    assert made.status_code == 201
    return holder(client, made)


def real_paths(container, readiness):
    """Every route's path, with names that are there."""
    names = {
        "{key:path}": [KEY],
        "{name:path}": [f"agent_token:{agent}" for agent in AGENTS],
        "{name}": [*AGENTS, "agents.db.bak-x"],
        "{forge}": ["gitlab", "github"],
        "{id}": [token.id for token in container.api_tokens().list()],
    }
    for route in build_app(container, readiness).routes:
        found = [route.path]
        for placeholder, given in names.items():
            found = [path.replace(placeholder, each) for path in found for each in given]
        yield from dict.fromkeys(found)


def test_it_opens_the_token_of_its_agent(bound):
    answer = bound.get(OPENED)

    assert (answer.status_code, answer.json()["value"]) == (200, "value-of-reviewer")
    assert answer.headers["Cache-Control"] == "no-store"
    assert bound.get("/secrets/agent_token%3Areviewer/value").status_code == 200
    assert bound.head(OPENED).status_code == 200


def test_its_only_grant_is_shown_with_it(client, container):
    made = bind(client).json()

    assert made["grants"] == [GRANT]
    listed = next(token for token in client.get("/api-tokens").json()["api_tokens"] if token["id"] == made["id"])
    assert listed["grants"] == [GRANT]


def test_of_all_routes_and_methods_it_opens_nothing_else(container, readiness, bound):
    paths = list(real_paths(container, readiness))
    assert len(paths) > 35
    assert not any("{" in path for path in paths)

    let_in = {
        (method, path)
        for path in paths
        for method in METHODS
        if bound.request(method, path, json=None if method in {"GET", "HEAD"} else {}).status_code != 403
    }

    reads = {(method, path) for path in OPEN_PATHS for method in ("GET", "HEAD", "LIST")}
    assert let_in - reads == {("GET", OPENED), ("HEAD", OPENED), ("LIST", OPENED)}
    assert bound.request("LIST", OPENED).status_code == 405


def test_nothing_was_changed_by_trying(container, readiness, bound):
    before = [(info.name, info.version) for info in container.secrets().list()]
    for path in real_paths(container, readiness):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            bound.request(method, path, json={})

    assert [(info.name, info.version) for info in container.secrets().list()] == before
    assert all(token.revoked_at is None for token in container.api_tokens().list())


@pytest.mark.parametrize(
    "path",
    [
        "/secrets/agent_token:writer/value",
        "/secrets/agent_token:reviewer",
        "/secrets/agent_token:reviewer/versions",
        "/secrets/agent_token:reviewer/value/",
        "/secrets/agent_token:reviewer/value/value",
        "/secrets/agent_token:reviewer/value%0A",
        "/secrets/agent_token:reviewer/value%00",
        "/secrets/agent_token:reviewer//value",
        "//secrets/agent_token:reviewer/value",
        "/secrets/agent_token:reviewe/value",
        "/secrets/agent_token:reviewer2/value",
        "/secrets/agent_token:Reviewer/value",
        "/secrets/agent_token:reviewer/../agent_token:writer/value",
        "/secrets/agent_token:writer/value%3F/secrets/agent_token:reviewer/value",
        "/secrets/penpot_api_token/value",
        "/v1/secret/data/agent_token:reviewer",
        "/v1/auth/token/lookup-self",
    ],
)
def test_no_path_that_looks_like_it_is_opened(container, bound, path):
    answer = bound.get(path)

    assert answer.status_code == 403
    assert "value-of" not in answer.text


def test_a_slash_that_is_encoded_leads_to_no_value(bound):
    """It is the same path once decoded, and the name of another secret, which cannot be."""
    answer = bound.get("/secrets/agent_token:reviewer%2Fvalue")

    assert (answer.status_code, "value-of" in answer.text) == (404, False)


def test_a_dot_in_an_agents_name_stands_for_itself(client, container):
    for agent in ("a.b", "aXb"):
        container.secrets().set(f"agent_token:{agent}", "x")
    dotted = holder(client, bind(client, "a.b"))

    assert dotted.get("/secrets/agent_token:a.b/value").status_code == 200
    assert dotted.get("/secrets/agent_token:aXb/value").status_code == 403


def test_a_token_may_be_bound_before_its_agent_has_one(client, container):
    early = holder(client, bind(client, "coder"))
    assert early.get("/secrets/agent_token:coder/value").status_code == 404

    container.secrets().set("agent_token:coder", "value-of-coder")

    assert early.get("/secrets/agent_token:coder/value").json()["value"] == "value-of-coder"


def test_it_follows_a_rotation(client, bound):
    client.patch("/agents/reviewer/token", json={"token": "rotated"})

    assert (bound.get(OPENED).json()["value"], bound.get(OPENED).json()["version"]) == ("rotated", 2)


def test_what_it_reads_is_written_down_in_its_name(container, client):
    made = bind(client)
    holder(client, made).get(OPENED)

    newest = container.audit().list(action=Action.SECRET_READ)[0]
    assert (newest.actor, newest.subject) == (f"token:{made.json()['id']} bound", "agent_token:reviewer")


def test_once_it_is_revoked_it_opens_nothing_although_it_was_seen_a_moment_ago(client):
    made = bind(client)
    bound = holder(client, made)
    assert [bound.get(OPENED).status_code for _ in range(3)] == [200] * 3

    client.delete(f"/api-tokens/{made.json()['id']}")

    assert [bound.get(OPENED).status_code for _ in range(3)] == [401] * 3


def test_it_is_good_to_its_last_moment_and_no_longer(client, container, mocker):
    start = container.clock().now()
    now = mocker.patch.object(container.clock(), "now", return_value=start)
    made = bind(client, expires="1h")
    bound = holder(client, made)
    assert made.json()["expires_at"] == start + HOUR_MS

    statuses = []
    for instant in (start, start + HOUR_MS - 1, start + HOUR_MS, start + DAY_MS):
        now.return_value = instant
        statuses.append(bound.get(OPENED).status_code)

    assert statuses == [200, 200, 401, 401]


def test_it_ends_although_its_use_was_noted_less_than_a_minute_ago(client, container, mocker):
    start = container.clock().now()
    now = mocker.patch.object(container.clock(), "now", return_value=start)
    bound = holder(client, bind(client, expires="30s"))
    assert bound.get(OPENED).status_code == 200

    now.return_value = start + 30_000

    assert bound.get(OPENED).status_code == 401


@pytest.mark.parametrize("agent", NO_AGENTS)
def test_a_name_that_is_no_agents_is_unprocessable_and_makes_no_token(client, container, agent):
    before = len(container.api_tokens().list())

    answer = bind(client, agent)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(container.api_tokens().list()) == before


@pytest.mark.parametrize("agent", [7, True, ["reviewer"], {}])
def test_what_is_no_text_is_unprocessable(client, agent):
    assert bind(client, agent).status_code == 422


def test_without_an_agent_and_without_grants_there_is_no_token(client):
    assert bind(client, None).status_code == 422
    assert bind(client, None, grants=[]).status_code == 422


@pytest.mark.parametrize(
    "grants", [(GRANT,), ("read:/secrets/agent_token:*",), ("write:/secrets/*",), ("read:/secrets/*/value",)]
)
def test_who_may_read_it_may_bind_to_it(client_with, grants):
    assert bind(client_with("write:/api-tokens", *grants)).status_code == 201


@pytest.mark.parametrize(
    "grants",
    [
        (),
        ("read:/secrets/agent_token:writer/value",),
        ("read:/secrets/agent_token:reviewer",),
        ("write:/agents/reviewer/token",),
        ("read:/secrets/agent_token:reviewe/value", "read:/sessions/*"),
    ],
)
def test_who_may_not_read_it_may_not_bind_to_it(client_with, container, grants):
    client = client_with("write:/api-tokens", *grants)
    before = len(container.api_tokens().list())

    answer = bind(client)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert len(container.api_tokens().list()) == before


def test_grants_beside_the_agent_are_held_against_the_callers_too(client_with):
    client = client_with("write:/api-tokens", GRANT)

    assert bind(client, grants=["read:/secrets/agent_token:writer/value"]).status_code == 403
    assert bind(client, grants=[GRANT]).json()["grants"] == [GRANT]


def test_it_cannot_make_tokens_itself(bound):
    assert bind(bound).status_code == 403


def test_the_command_binds_a_token_to_an_agent(tmp_path):
    home = Home(tmp_path / "home")

    made = home.ask("api-tokens", "create", "--name", "ci", "--agent", "reviewer")

    assert made["grants"] == [GRANT]
    assert home.ask("api-tokens", "list")[0]["grants"] == [GRANT]


@pytest.mark.parametrize("agent", [*NO_AGENTS[:1], *NO_AGENTS[2:]])
def test_a_name_that_is_no_agents_ends_the_command_with_2(tmp_path, agent):
    home = Home(tmp_path / "home")

    assert home.error("api-tokens", "create", "--name", "ci", f"--agent={agent}")[0] == 2
    assert home.ask("api-tokens", "list") == []


def ask(connection, token, path=OPENED):
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_revocation_counts_at_once_on_a_connection_that_is_kept_open(tmp_path, container):
    place = tmp_path / "served"
    with (
        a_served_home(place) as home,
        closing(open_database(place / "state" / "agents.db")) as from_here,
        closing(HTTPConnection("127.0.0.1", home.port, timeout=30)) as connection,
        httpx2.Client(base_url=home.url, headers={"Authorization": f"Bearer {home.token}"}) as api,
    ):
        api.put("/secrets/agent_token:reviewer", json={"value": "value-of-reviewer"})
        by_service, by_another = (bind(api).json() for _ in range(2))
        tokens = [made["token"] for made in (by_service, by_another)]
        before = [ask(connection, token)[0] for token in tokens * 2]
        decoded_twice = ask(connection, tokens[0], "/secrets/agent_token%253Areviewer/value")[0]
        kept = connection.sock

        api.delete(f"/api-tokens/{by_service['id']}").raise_for_status()
        after_one = [ask(connection, token)[0] for token in tokens]
        SqlApiTokenStore(from_here).revoke(by_another["id"], container.clock().now())
        after_both = [ask(connection, token)[0] for token in tokens]

        assert (before, decoded_twice) == ([200] * 4, 403)
        assert (after_one, after_both) == ([401, 200], [401, 401])
        assert connection.sock is kept is not None
