"""Twenty callers at once who each saw one version: one of them writes, whatever the way in."""

from contextlib import ExitStack, closing
from http.client import HTTPConnection
from json import dumps, loads

import pytest

from tests.support.races import in_threads
from tests.support.served import a_served_home

CALLERS = 20
SECRET = "/secrets/agent_token:reviewer"
ROUTES = [("PUT", SECRET, "value"), ("PATCH", "/agents/reviewer/token", "token")]


def one_of(statuses, won, *, lost=412):
    return sorted(statuses) == sorted([won, *[lost] * (CALLERS - 1)])


def test_of_parallel_writes_over_one_version_one_wins_and_its_value_stands(client, container):
    container.secrets().set("a", "first")

    with client:
        statuses = in_threads(
            lambda n: client.put("/secrets/a", json={"value": f"v-{n}"}, headers={"If-Match": '"1"'}).status_code,
            count=CALLERS,
        )

    assert one_of(statuses, 200)
    won = container.secrets().get("a")
    assert (won.version, won.value.reveal()) == (2, f"v-{statuses.index(200)}")


def test_of_parallel_writes_of_a_new_name_one_makes_it(client, container):
    with client:
        statuses = in_threads(
            lambda n: client.put("/secrets/a", json={"value": f"v-{n}"}, headers={"If-None-Match": "*"}).status_code,
            count=CALLERS,
        )

    assert one_of(statuses, 201)
    won = container.secrets().get("a")
    assert (won.version, won.value.reveal()) == (1, f"v-{statuses.index(201)}")


def test_of_parallel_deletions_of_one_version_one_deletes(client, container):
    container.secrets().set("a", "first")

    with client:
        statuses = in_threads(
            lambda _n: client.delete("/secrets/a", headers={"If-Match": '"1"'}).status_code, count=CALLERS
        )

    assert one_of(statuses, 204)
    assert container.secrets().list() == []


def test_parallel_writes_without_a_version_all_count(client, container):
    with client:
        statuses = in_threads(lambda n: client.put("/secrets/a", json={"value": f"v-{n}"}).status_code, count=CALLERS)

    assert sorted(statuses) == [200] * (CALLERS - 1) + [201]
    assert container.secrets().info("a").version == CALLERS


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with a_served_home(tmp_path_factory.mktemp("home")) as home:
        yield home


@pytest.fixture
def connections(home):
    """Connections to one service that each had an answer already, and are kept open."""
    with ExitStack() as stack:
        opened = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", home.port, timeout=30))) for _ in range(CALLERS)
        ]
        for connection in opened:
            assert ask(connection, home, "GET", "/readyz")[0] == 200
        yield opened


def ask(connection, home, method, path, body=None, **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given |= {"Authorization": f"Bearer {home.token}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else dumps(body), given)
    answer = connection.getresponse()
    return answer.status, answer.getheader("ETag"), loads(answer.read())


@pytest.mark.parametrize(("method", "path", "field"), ROUTES, ids=["secret", "agent"])
def test_of_parallel_writes_over_kept_connections_one_wins_and_the_rest_are_told_the_version(
    home, connections, method, path, field
):
    _, tag, stored = ask(connections[0], home, method, path, {field: "first"})
    kept = [connection.sock for connection in connections]

    answers = in_threads(
        lambda n: ask(connections[n], home, method, path, {field: f"{method}-{n}"}, If_Match=tag), count=CALLERS
    )

    statuses = [status for status, _, _ in answers]
    version = stored["version"] + 1
    assert one_of(statuses, 200)
    assert {said for _, said, _ in answers} == {f'"{version}"'}
    shown = ask(connections[0], home, "GET", f"{SECRET}/value")[2]
    assert (shown["version"], shown["value"]) == (version, f"{method}-{statuses.index(200)}")
    assert [connection.sock for connection in connections] == kept
    assert None not in kept
