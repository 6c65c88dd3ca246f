"""Idempotency-Key: a request that is sent again is answered again, and not done again."""

import pytest
from starlette.testclient import TestClient

from app.http.application import build_app
from domain.errors import Busy, DatabaseUnusable
from domain.requests import KEPT_FOR_MS
from tests.support.races import in_threads

KEYED = {"Idempotency-Key": "a-7"}
TOKEN = {"name": "ci", "grants": ["read:/sessions/*"]}


def names(container):
    return [token.name for token in container.api_tokens().list()]


@pytest.fixture
def secret(container):
    container.secrets().set("a", "one")
    container.secrets().set("a", "two")


def test_a_second_time_the_first_answer_is_given_and_nothing_is_done(client, container, secret):
    sent = {"json": {"version": 1}, "headers": {**KEYED, "If-Match": '"2"'}}

    first, second = client.post("/secrets/a/rollback", **sent), client.post("/secrets/a/rollback", **sent)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json() == {"name": "a", "version": 3}
    assert first.headers["ETag"] == second.headers["ETag"] == '"3"'
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert container.secrets().info("a").version == 3


def test_a_value_that_is_shown_once_is_not_shown_again(client, container):
    first = client.post("/api-tokens", json=TOKEN, headers=KEYED)
    second = client.post("/api-tokens", json=TOKEN, headers=KEYED)

    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "shown_once")
    assert first.json()["id"] in second.json()["detail"]
    assert first.json()["token"] not in second.text
    assert names(container).count("ci") == 1


def test_no_table_keeps_a_token_that_was_shown_once(client, container):
    made = client.post("/api-tokens", json=TOKEN, headers=KEYED).json()

    with container.database().borrowed() as connection:
        kept = connection.execute("SELECT * FROM named_request").fetchall()
    assert made["id"] in repr(kept)
    assert made["token"] not in repr(kept)


@pytest.mark.parametrize(
    ("path", "body"), [("/api-tokens", {**TOKEN, "name": "other"}), ("/sessions/prune", {"older_than_days": 9})]
)
def test_one_name_for_two_requests_is_refused(client, container, path, body):
    client.post("/api-tokens", json=TOKEN, headers=KEYED)

    answer = client.post(path, json=body, headers=KEYED)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert "other" not in names(container)


def test_two_callers_may_choose_one_name(client_with, container):
    answers = [client_with("admin").post("/api-tokens", json=TOKEN, headers=KEYED) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_without_a_name_each_is_done(client, container):
    for _ in range(2):
        client.post("/api-tokens", json=TOKEN)

    assert names(container).count("ci") == 2


def test_after_a_day_it_is_another_request(client, container, mocker):
    client.post("/api-tokens", json=TOKEN, headers=KEYED)
    later = container.clock().now() + KEPT_FOR_MS + 1
    mocker.patch.object(container.clock(), "now", return_value=later)

    assert client.post("/api-tokens", json=TOKEN, headers=KEYED).status_code == 201


def test_what_was_refused_may_be_sent_again(client, container, secret):
    sent = {"json": {"version": 1}, "headers": {**KEYED, "If-Match": '"9"'}}
    refused = client.post("/secrets/a/rollback", **sent)
    for _ in range(7):
        container.secrets().set("a", "more")

    assert refused.status_code == 412
    assert client.post("/secrets/a/rollback", **sent).json()["version"] == 10


def test_a_rotation_that_another_keeps_from_starting_may_be_sent_again(client, container, mocker):
    rotating = mocker.patch.object(container.rotation_lock(), "hold", side_effect=Busy("another rotation runs"))
    refused = client.post("/keys/rotate", headers=KEYED)
    mocker.stop(rotating)

    assert refused.status_code == 409
    assert client.post("/keys/rotate", headers=KEYED).status_code == 200


def test_of_many_that_are_sent_at_a_time_one_is_done(client, container):
    answers = in_threads(lambda _number: client.post("/api-tokens", json=TOKEN, headers=KEYED))

    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.json().get("code") for answer in answers} <= {None, "shown_once", "request_unfinished"}
    assert names(container).count("ci") == 1


def test_after_a_fault_that_nobody_foresaw_it_is_not_done_again(container, readiness, client_with, mocker):
    client = client_with("admin")
    careless = TestClient(client.app, headers=client.headers, raise_server_exceptions=False)
    mocker.patch.object(container.audit(), "record", side_effect=RuntimeError("a fault of ours"))
    failed = careless.post("/api-tokens", json=TOKEN, headers=KEYED)
    mocker.stopall()

    again = client.post("/api-tokens", json=TOKEN, headers=KEYED)

    assert failed.status_code == 500
    assert (again.status_code, again.json()["code"]) == (409, "request_unfinished")
    assert names(container).count("ci") == 0


def test_what_was_done_is_answered_even_if_the_answer_cannot_be_kept(client, container, mocker):
    mocker.patch.object(container.named_requests(), "finish", side_effect=DatabaseUnusable("the disk is full"))

    first = client.post("/api-tokens", json=TOKEN, headers=KEYED)
    second = client.post("/api-tokens", json=TOKEN, headers=KEYED)

    assert (first.status_code, second.status_code) == (201, 409)
    assert names(container).count("ci") == 1


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 256])
def test_a_name_that_is_none_is_refused(client, container, name):
    answer = client.post("/api-tokens", json=TOKEN, headers={"Idempotency-Key": name.encode("latin-1")})

    assert answer.status_code == 422
    assert "ci" not in names(container)


def test_it_is_heeded_by_every_post_that_does_something_that_one_may_not_want_twice(container, readiness):
    posts = {
        route.path: route.operations["POST"].at_most_once
        for route in build_app(container, readiness).routes
        if "POST" in route.methods
    }

    # A login is begun anew each time, and a refresh that is asked for twice is done once in any case.
    assert {path for path, heeded in posts.items() if not heeded} == {
        "/oauth/{forge}/authorize",
        "/oauth/{forge}/refresh",
    }
