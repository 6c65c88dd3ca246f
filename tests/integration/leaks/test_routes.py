"""No route shows a secret but the two that are asked for one, whatever is sent and whatever goes wrong."""

import json
from contextlib import ExitStack

import pytest

from adapters.sql.database import Database
from tests.integration.leaks.troubles import LIES_IN_FILES, TROUBLES, raising_secrets
from tests.support.driven_routes import BODIES, REFUSED_VALUE, REQUESTS, ROUTES, Sent


def test_no_route_shows_a_secret(house):
    with house.served() as (client, _), house.witnessed():
        ended = [(method, each, *client.send(method, each)) for method, each in REQUESTS]
    house.look_at_files()

    assert house.watch.leaks == []
    assert [(m, each.path, status) for m, each, status, _ in ended if each.status not in {status, None}] == []
    assert [(m, each.path) for m, each, _, shown in ended if shown != each.shows] == []
    assert house.watch.seen["log"] > len(REQUESTS)


@pytest.mark.parametrize("body", BODIES)
def test_no_route_gives_back_a_body_that_it_refuses(house, body):
    with house.served() as (client, _), house.witnessed():
        statuses = {client.send(*once, **BODIES[body])[0] for once in once_a_route() if once[0] != "GET"}
    house.look_at_files()

    assert house.watch.leaks == []
    assert statuses & {413, 415, 422}


def once_a_route():
    return [(method, Sent(requests[0].path, shows=requests[0].shows)) for (method, _), requests in ROUTES.items()]


IMPROPER = {
    "an unknown token": {"headers": {"Authorization": f"Bearer {REFUSED_VALUE.encode().hex()}"}},
    "another scheme": {"headers": {"Authorization": f"Basic {REFUSED_VALUE.encode().hex()}"}},
    "two tokens": {"headers": [("Authorization", f"Bearer {REFUSED_VALUE.encode().hex()}")] * 2},
    "a condition": {"headers": {"If-Match": json.dumps(REFUSED_VALUE.encode().hex())}},
    "a cookie": {"headers": {"Cookie": f"session={REFUSED_VALUE.encode().hex()}"}},
    "a request id": {"headers": {"X-Request-Id": f"{REFUSED_VALUE.encode().hex()} "}},
    "a query": {"params": {"token": REFUSED_VALUE, "check": REFUSED_VALUE, "limit": REFUSED_VALUE}},
}


@pytest.mark.parametrize("improper", IMPROPER)
def test_no_route_gives_back_what_else_came_with_a_request(house, improper):
    with house.served() as (client, _), house.witnessed():
        for method, each in once_a_route():
            client.send(method, each, **IMPROPER[improper])
    house.look_at_files()

    assert house.watch.leaks == []


@pytest.mark.parametrize("trouble", ["locked", "read_only", "constrained", "damaged", "in_the_clear"])
def test_no_route_shows_a_secret_in_trouble(house, trouble):
    with ExitStack() as stack:
        client, container = stack.enter_context(house.served())
        container.database()._idle.clear()
        TROUBLES[trouble](house, stack)
        stack.enter_context(house.witnessed())
        statuses = {client.send(method, each)[0] for method, each in REQUESTS}
    if trouble not in LIES_IN_FILES:
        house.look_at_files()

    assert house.watch.leaks == []
    assert statuses & {500, 503}


@pytest.mark.parametrize("method", ["one", "all", "transaction"])
def test_no_route_shows_a_secret_where_nobody_foresaw_the_fault(house, monkeypatch, method):
    with house.served() as (client, _), monkeypatch.context() as patch:
        patch.setattr(Database, method, raising_secrets)
        statuses = {client.send(verb, each)[0] for verb, each in REQUESTS}

    assert house.watch.leaks == []
    assert 500 in statuses
