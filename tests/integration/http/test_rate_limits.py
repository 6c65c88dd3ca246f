"""Callers who ask too often, and who shows tokens that we do not know."""

import os
from contextlib import contextmanager

import pytest
from dependency_injector import providers
from starlette.testclient import TestClient

from adapters.memory import ManualClock
from app.http.application import build_app
from app.http.denials import AT_ONCE
from app.http.peers import PEER_UID
from app.http.rate_limits import RateLimits
from domain.audit import Action

WRONG = {"Authorization": "Bearer srt_nonsense"}
NEIGHBOUR = "203.0.113.9"


@pytest.fixture
def clock(container):
    """A clock that stands still; the audit log reads it."""
    clock = ManualClock()
    container.clock.override(providers.Object(clock))
    container.audit.reset()
    return clock


@pytest.fixture(autouse=True)
def _standing_time(mocker):
    """No minute ends while a test runs."""
    for clock in ("time.time", "app.http.rate_limits.time"):
        mocker.patch(clock, return_value=1_795_521_617.25)


@pytest.fixture
def limited(container, readiness, mocker):
    """A function of limits, giving a service that has them."""

    def build(*, requests=0, failures=0):
        limits = RateLimits(requests=requests, failures=failures)
        mocker.patch("app.http.application.RateLimits", return_value=limits)
        return build_app(container, readiness)

    return build


def coming_from(service, address, *, uid=None):
    """The service as who comes from an address, or over a Unix socket as a user, finds it."""

    async def from_there(scope, receive, send):
        scope["client"] = None if address is None else (address, 40_000)
        scope["state"] = {} if uid is None else {PEER_UID: uid}
        await service(scope, receive, send)

    return TestClient(from_there)


def shown(container, *grants):
    _, token = container.create_api_token()("a test", grants or ("admin",))
    return {"Authorization": f"Bearer {token.reveal()}"}


def statuses(client, times, path="/sessions", **more):
    return [client.get(path, **more).status_code for _ in range(times)]


def denials(container, outcome="rate_limited"):
    return [event for event in container.audit().list(action=Action.DENIED, limit=1_000) if event.outcome == outcome]


@contextmanager
def running(client):
    """Begin and end the service, so that what was only counted is written down."""
    with client:
        yield client


def test_one_request_too_many_is_told_to_wait(container, limited):
    client = coming_from(limited(requests=3), NEIGHBOUR)
    mine = shown(container)

    assert statuses(client, 3, headers=mine) == [200] * 3
    answer = client.get("/sessions", headers=mine)

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert mine["Authorization"][7:] not in answer.text


def test_only_he_is_limited_although_both_come_from_one_address(container, limited):
    client = coming_from(limited(requests=3), NEIGHBOUR)
    one, other = shown(container), shown(container)
    assert statuses(client, 9, headers=one)[-1] == 429

    assert statuses(client, 3, headers=other) == [200] * 3
    assert client.get("/sessions", headers=one).status_code == 429


def test_he_is_limited_wherever_he_comes_from_and_whatever_he_asks(container, limited):
    service, mine = limited(requests=3), shown(container, "read:/sessions")
    for number, path in enumerate(("/sessions", "/secrets", "/nowhere")):
        coming_from(service, f"203.0.113.{number}").get(path, headers=mine)

    assert coming_from(service, "203.0.113.99").get("/sessions", headers=mine).status_code == 429


def test_a_request_over_the_limit_does_nothing(container, limited):
    client = coming_from(limited(requests=1), NEIGHBOUR)
    mine = shown(container)
    client.get("/sessions", headers=mine)

    assert client.put("/secrets/a", json={"value": "x"}, headers=mine).status_code == 429
    assert container.secrets().list() == []


def test_what_needs_no_token_is_never_limited(container, limited):
    client = coming_from(limited(requests=1, failures=1), NEIGHBOUR)
    statuses(client, 5, headers=WRONG)

    assert statuses(client, 20, path="/livez") == [200] * 20
    assert statuses(client, 20, path="/readyz", headers=WRONG) == [200] * 20


@pytest.mark.parametrize("headers", [WRONG, {}, {"Authorization": "Basic eDp5"}, {"Authorization": ""}])
def test_unknown_tokens_and_none_at_all_are_counted_by_address(limited, headers):
    service = limited(failures=4)
    client = coming_from(service, NEIGHBOUR)

    assert statuses(client, 6, headers=headers) == [401] * 4 + [429] * 2
    assert int(client.get("/sessions", headers=headers).headers["Retry-After"]) >= 1
    assert statuses(coming_from(service, "203.0.113.10"), 1, headers=headers) == [401]


def test_failures_are_stricter_than_requests(container):
    settings = container.settings()

    assert 0 < settings.failure_limit < settings.rate_limit


def test_a_site_of_ipv6_is_one_address_and_ipv4_in_the_words_of_ipv6_is_not(limited):
    service = limited(failures=2)

    in_one_site = [statuses(coming_from(service, f"2001:db8::{number}"), 1)[0] for number in range(1, 5)]
    next_to_it = [statuses(coming_from(service, f"2001:db8:0:{number}::1"), 1)[0] for number in range(1, 5)]
    mapped = [statuses(coming_from(service, f"::ffff:192.0.2.{number}"), 1)[0] for number in range(1, 5)]

    assert in_one_site == [401, 401, 429, 429]
    assert next_to_it == mapped == [401] * 4


def test_a_good_token_from_a_flooded_address_is_let_in(container, limited):
    client = coming_from(limited(failures=2), NEIGHBOUR)
    assert statuses(client, 9, headers=WRONG)[-1] == 429

    assert statuses(client, 3, headers=shown(container)) == [200] * 3
    assert statuses(client, 1, headers=WRONG) == [429]


def test_good_tokens_are_not_counted_as_failures_nor_failures_as_requests(container, limited):
    client = coming_from(limited(requests=4, failures=2), NEIGHBOUR)
    mine = shown(container)

    assert statuses(client, 3, headers=mine) == [200] * 3
    assert statuses(client, 3, headers=WRONG) == [401, 401, 429]
    assert statuses(client, 2, headers=mine) == [200, 429]


def test_a_token_that_was_revoked_is_one_that_we_do_not_know(container, limited):
    client = coming_from(limited(failures=2), NEIGHBOUR)
    mine = shown(container)
    assert statuses(client, 5, headers=mine) == [200] * 5
    container.api_tokens().revoke(container.api_tokens().list()[0].id, container.clock().now())

    assert statuses(client, 3, headers=mine) == [401, 401, 429]


def test_0_turns_a_limit_off(container, limited):
    client = coming_from(limited(), NEIGHBOUR)

    assert statuses(client, 50, headers=WRONG) == [401] * 50
    assert statuses(client, 50, headers=shown(container)) == [200] * 50


def test_our_own_user_over_the_socket_is_never_limited_and_another_is(container, limited):
    service = limited(requests=1, failures=1)
    ours = coming_from(service, None, uid=os.geteuid())
    foreign = coming_from(service, None, uid=os.geteuid() + 1)

    assert statuses(foreign, 3) == [401, 429, 429]
    assert statuses(ours, 50) == [200] * 50
    assert statuses(foreign, 3, headers=shown(container)) == [200, 429, 429]
    assert statuses(coming_from(service, NEIGHBOUR), 1) == [401]


def test_who_is_limited_is_written_down_and_a_flood_of_it_counted(container, clock, limited):
    me = shown(container)
    token = container.api_tokens().list()[0]
    floods = 50

    with running(coming_from(limited(requests=1), NEIGHBOUR)) as client:
        statuses(client, 1 + floods, headers=me)

    left = denials(container)
    assert len(left) == AT_ONCE
    assert {(event.actor, event.subject) for event in left} == {(f"token:{token.id} a test", "GET /sessions")}
    (counted,) = denials(container, "counted")
    assert (counted.actor, counted.detail) == (left[0].actor, f"turned away: {floods - AT_ONCE}")


@pytest.mark.parametrize("headers", [WRONG, {}])
@pytest.mark.parametrize(
    ("addresses", "actor"),
    [
        ([NEIGHBOUR] * 60, f"unknown:{NEIGHBOUR}"),
        ([f"2001:db8::{number:x}" for number in range(1, 61)], "unknown:2001:db8::/64"),
    ],
    ids=["one address", "one site"],
)
@pytest.mark.usefixtures("clock")
def test_a_flood_of_unknown_tokens_is_written_down_and_does_not_fill_the_log(
    container, limited, headers, addresses, actor
):
    service = limited(failures=1)

    with running(TestClient(service)):
        for address in addresses:
            coming_from(service, address).get("/sessions", headers=headers)

    left = denials(container)
    assert AT_ONCE - 1 <= len(left) <= AT_ONCE
    assert {event.actor for event in left} == {actor}
    (counted,) = denials(container, "counted")
    assert counted.actor == actor
    assert len(container.audit().list(action=Action.DENIED, limit=1_000)) <= AT_ONCE + 2


def test_once_an_address_floods_us_it_is_not_looked_up_whose_token_it_shows(container, limited, mocker):
    client = coming_from(limited(failures=2), NEIGHBOUR)
    authenticate = container.authenticate()
    mine = shown(container)
    container.api_tokens().revoke(container.api_tokens().list()[0].id, container.clock().now())
    statuses(client, 2, headers=mine)
    asked = mocker.spy(type(authenticate), "whose")

    statuses(client, 1, headers=mine)

    assert asked.call_count == 1


def test_the_settings_set_the_limits(container, readiness, mocker):
    settings = container.settings()
    made = mocker.spy(RateLimits, "__init__")
    build_app(container, readiness)

    assert made.call_args.kwargs == {"requests": settings.rate_limit, "failures": settings.failure_limit}
