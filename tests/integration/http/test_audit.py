"""`GET /audit`, and who is turned away."""

import os

import pytest
from dependency_injector import providers
from starlette.testclient import TestClient

from adapters.memory import ManualClock
from app.http.application import build_app
from app.http.denials import AT_ONCE
from app.http.peers import PEER_UID
from domain.audit import Action
from domain.errors import DatabaseUnusable
from domain.instants import DAY_MS, SECOND_MS
from tests.support.backed_up import sql

FOREIGN = "srt_SENTINEL-of-another-service"


@pytest.fixture
def clock(container):
    """A clock that stands still; the log reads it."""
    clock = ManualClock()
    container.clock.override(providers.Object(clock))
    container.audit.reset()
    return clock


@pytest.fixture
def filled(container, clock):
    """A log of six events, a second apart."""
    for number in range(6):
        clock.advance(SECOND_MS)
        action = Action.SECRET_READ if number % 2 else Action.SECRET_WRITE
        container.audit().record(f"cli:{number % 3}", action, f"s{number // 2}")
    return container.audit()


def numbers(answer):
    return [event["sequence"] for event in answer.json()["events"] if event["action"] != "api_token.create"]


def test_an_event_is_shown_with_all_that_it_says(filled, client):
    newest = client.get("/audit").json()["events"][1]

    assert newest.keys() == {"sequence", "at", "actor", "action", "subject", "outcome", "detail", "chain"}
    assert (newest["sequence"], newest["actor"], newest["action"]) == (6, "cli:2", "secret.read")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"action": "secret.read"}, [6, 4, 2]),
        ({"actor": "cli:0"}, [4, 1]),
        ({"subject": "s1"}, [4, 3]),
        ({"subject": "s1", "action": "secret.read"}, [4]),
        ({"since": "2s"}, [6, 5, 4]),
        ({"since": "2026-11-24T12:00:05Z"}, [6, 5]),
        ({"since": "1795521605000"}, [6, 5]),
        ({"since": "1795521605"}, [6, 5]),
        ({"before": 3}, [2, 1]),
        ({"limit": 1, "before": 3}, [2]),
    ],
)
def test_the_filters_are_those_of_the_command(filled, client, query, found):
    assert numbers(client.get("/audit", params=query)) == found


def test_a_page_names_where_the_next_one_begins(filled, client):
    pages, before = [], {}
    while True:
        answer = client.get("/audit", params={"limit": 3, **before})
        pages.append(numbers(answer))
        if answer.json()["next"] is None:
            break
        before = {"before": answer.json()["next"]}

    assert pages == [[6, 5], [4, 3, 2], [1]]


@pytest.mark.parametrize(
    "query",
    [
        {"action": "nonsense"},
        {"since": "yesterday"},
        {"since": "²"},
        {"since": "9" * 5_000},
        {"limit": 0},
        {"limit": 1_001},
        {"limit": "many"},
        {"before": 0},
        {"before": "²"},
    ],
)
def test_a_query_that_makes_no_sense_is_unprocessable_and_not_repeated(client, query):
    answer = client.get("/audit", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "nonsense" not in answer.text


def test_the_log_needs_its_grant(client_with):
    assert client_with("read:/audit").get("/audit").status_code == 200
    assert client_with("read:/secrets/*").get("/audit").status_code == 403


def denials(container):
    return container.audit().list(action=Action.DENIED)


def test_a_request_without_a_grant_is_written_down(container, client_with):
    client = client_with("read:/sessions")
    token = container.api_tokens().list()[0]

    client.put("/secrets/a", json={"value": "SENTINEL"})

    (event,) = denials(container)
    assert (event.actor, event.subject) == (f"token:{token.id} a test", "PUT /secrets/a")
    assert (event.outcome, event.detail) == ("not_allowed", None)


def test_handing_out_more_than_one_has_is_a_denial_too(container, client_with):
    client = client_with("write:/api-tokens")

    assert client.post("/api-tokens", json={"name": "x", "grants": ["admin"]}).status_code == 403

    assert [event.subject for event in denials(container)] == ["POST /api-tokens"]


def test_a_foreign_token_is_written_down_and_nothing_of_it(container, stranger):
    stranger.get("/secrets/a/value", headers={"Authorization": f"Bearer {FOREIGN}"})

    (event,) = denials(container)
    assert (event.actor, event.subject) == ("unknown:testclient", "GET /secrets/a/value")
    assert event.outcome == "unauthenticated"
    assert "SENTINEL" not in repr(event)


def test_a_revoked_token_is_known_by_its_name(container, client):
    token = container.api_tokens().list()[0]
    container.api_tokens().revoke(token.id, 1)

    assert client.get("/sessions").status_code == 401

    assert [event.actor for event in denials(container)] == [f"token:{token.id} a test"]


def test_a_peer_of_another_user_is_known_by_the_number_that_the_kernel_says(container, readiness):
    service = build_app(container, readiness)

    async def over_a_unix_socket(scope, receive, send):
        scope["state"] = {PEER_UID: os.geteuid() + 1}
        await service(scope, receive, send)

    TestClient(over_a_unix_socket).get("/secrets", headers={"Authorization": f"Bearer {FOREIGN}"})

    assert [event.actor for event in denials(container)] == [f"peer:{os.geteuid() + 1}"]


def test_our_own_user_acts_in_the_name_of_the_peer(container, readiness):
    service = build_app(container, readiness)

    async def over_a_unix_socket(scope, receive, send):
        scope["state"] = {PEER_UID: os.geteuid()}
        await service(scope, receive, send)

    TestClient(over_a_unix_socket).put("/secrets/a", json={"value": "x"})

    assert container.audit().list()[0].actor == f"peer:{os.geteuid()}"


def test_who_shows_nothing_leaves_no_event(container, stranger):
    stranger.get("/secrets")
    stranger.get("/livez")

    assert container.audit().list() == []


def test_what_is_in_a_path_stays_on_one_line_and_short(container, client_with):
    client_with("read:/x").get("/secrets/%1b%5b2J%0a" + "y" * 5_000)

    (event,) = denials(container)
    assert event.subject.isprintable()
    assert len(event.subject) < 300


def test_each_request_that_is_turned_away_is_an_event(container, client_with):
    client = client_with("read:/sessions")

    for path in ("/secrets", "/keys", "/audit"):
        client.get(path)

    assert [event.subject for event in denials(container)] == ["GET /audit", "GET /keys", "GET /secrets"]


def test_a_flood_is_one_event_a_second_for_each_caller_and_the_rest_is_counted(container, clock, client_with, stranger):
    client = client_with("read:/sessions")
    for _ in range(AT_ONCE + 9):
        client.get("/secrets")
        stranger.get("/secrets", headers={"Authorization": f"Bearer {FOREIGN}"})
    assert len(container.audit().list(action=Action.DENIED, limit=1_000)) == 2 * AT_ONCE

    clock.advance(SECOND_MS)
    client.get("/secrets")

    newest = denials(container)[0]
    assert newest.detail == "turned away besides since the event before: 9"
    assert newest.actor.startswith("token:")


def test_what_was_only_counted_is_written_down_when_the_service_ends(container, clock, client_with):
    with client_with("read:/sessions") as client:
        for _ in range(AT_ONCE + 5):
            client.get("/secrets")

    newest = denials(container)[0]
    assert (newest.subject, newest.outcome, newest.detail) == ("further requests", "counted", "turned away: 5")
    assert newest.actor.startswith("token:")


def test_a_clock_that_was_set_back_does_not_silence_the_log(container, clock, client_with):
    client = client_with("read:/sessions")
    for _ in range(AT_ONCE):
        client.get("/secrets")
    clock.advance(-DAY_MS)
    client.get("/secrets")
    clock.advance(SECOND_MS)
    client.get("/secrets")

    assert denials(container)[0].detail == "turned away besides since the event before: 1"


def test_a_denial_that_cannot_be_written_is_not_answered_as_one(container, client_with):
    client = client_with("read:/sessions")
    with container.database().borrowed() as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no'); END")

    answers = [client.get("/secrets").json()["code"] for _ in range(2)]

    assert answers == [DatabaseUnusable.code] * 2


def test_a_log_that_was_tampered_with_stops_what_it_guards(container, client):
    client.put("/secrets/a", json={"value": "SENTINEL"})
    with container.database().borrowed() as connection:
        connection.execute("UPDATE audit_checkpoint SET mac = 'x'")

    read, written, listed = client.get("/secrets/a/value"), client.delete("/secrets/a"), client.get("/secrets")

    assert (read.status_code, read.json()["code"]) == (500, "integrity")
    assert (written.status_code, listed.status_code) == (500, 200)
    assert "SENTINEL" not in read.text
    assert len(listed.json()["secrets"]) == 1


def test_a_log_that_was_tampered_with_makes_the_service_not_ready(container, stranger):
    assert stranger.get("/readyz").status_code == 200
    sql(container.settings().sqlite_path, "DELETE FROM audit_checkpoint")

    answer = stranger.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the audit log is not as it was recorded: no secret is read or written"]


def test_a_count_that_cannot_be_written_at_the_end_is_told_in_the_log_of_the_service(
    container, clock, client_with, caplog
):
    with client_with("read:/sessions") as client:
        for _ in range(AT_ONCE + 5):
            client.get("/secrets")
        sql(container.settings().sqlite_path, "DELETE FROM audit_checkpoint")

    assert "5 denials of token:" in caplog.text
