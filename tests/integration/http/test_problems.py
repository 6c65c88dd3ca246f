import json
import logging
import re

import pytest
from starlette.testclient import TestClient

from app.http.application import build_app
from app.http.bodies import LIMIT
from domain.errors import Busy, DatabaseUnusable, Integrity
from domain.oauth import OAuthToken
from domain.values import SecretValue

KEY = "forgejo:reviewer:acme/api:42"
JSON = {"Content-Type": "application/json"}
SENTINEL = "sesame0open0sesame"


def assert_problem(answer, status, code):
    problem = answer.json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"]
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:strongroom:problem:{code}"
    assert problem["title"]
    assert problem["detail"]


def failing(container, provider, error):
    """Let every method of the store behind `provider` raise `error`."""

    class Failing:
        def __getattr__(self, _name):
            def fail(*_args, **_kwargs):
                raise error

            return fail

    provider.override(Failing())
    return container


@pytest.mark.parametrize(
    ("method", "path", "send", "problem"),
    [
        ("GET", "/nowhere", {}, (404, "no_such_path")),
        ("GET", "/secrets/", {}, (404, "not_found")),
        ("GET", "/agents/", {}, (404, "no_such_path")),
        ("GET", "/sessions/x", {}, (404, "not_found")),
        ("POST", "/sessions", {}, (405, "method_not_allowed")),
        ("PUT", "/livez", {}, (405, "method_not_allowed")),
        ("PUT", f"/sessions/{KEY}", {"content": b"x" * (LIMIT + 1), "headers": JSON}, (413, "too_large")),
        ("DELETE", f"/sessions/{KEY}", {"content": b"x" * (LIMIT + 1)}, (413, "too_large")),
        ("PUT", f"/sessions/{KEY}", {"content": b"{}"}, (415, "unsupported_media_type")),
        ("PUT", f"/sessions/{KEY}", {"data": {"session_id": "x"}}, (415, "unsupported_media_type")),
        ("PUT", f"/sessions/{KEY}", {"content": b"{nonsense", "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"content": b"\xff", "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"content": b"[" * 100_000, "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"content": b'{"session_id": NaN}', "headers": JSON}, (422, "invalid")),
        (
            "PUT",
            f"/sessions/{KEY}",
            {"content": b'{"session_id": 1, "session_id": 2}', "headers": JSON},
            (422, "invalid"),
        ),
        ("PUT", f"/sessions/{KEY}", {"content": b'{"session_id": "\\ud800"}', "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"content": b'{"\\ud800": "x"}', "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"content": b"1" * 5_000, "headers": JSON}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {"json": []}, (422, "invalid")),
        ("PUT", f"/sessions/{KEY}", {}, (422, "invalid")),
    ],
)
def test_every_refusal_is_a_problem(client, method, path, send, problem):
    answer = client.request(method, path, **send)

    assert_problem(answer, *problem)


def test_a_body_is_counted_when_it_does_not_say_how_long_it_is(client):
    def chunks():
        for _ in range(LIMIT // 65_536 + 1):
            yield b" " * 65_536

    answer = client.put(f"/sessions/{KEY}", content=chunks(), headers=JSON)

    assert_problem(answer, 413, "too_large")


def test_a_body_at_the_limit_is_read(client):
    body = json.dumps({"session_id": "x"}).encode()

    answer = client.put(f"/sessions/{KEY}", content=body.ljust(LIMIT), headers=JSON)

    assert answer.status_code == 200


def test_a_refused_method_is_told_all_that_are_allowed(client):
    answer = client.post(f"/sessions/{KEY}")

    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "DELETE"}


def test_faults_of_a_body_are_located_and_unknown_fields_not_repeated(client):
    answer = client.put("/secrets/a", json={"value": 7, SENTINEL: 1})

    assert_problem(answer, 422, "invalid")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/value", ""}
    assert SENTINEL not in answer.text


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Busy("the database is locked"), (503, "busy")),
        (DatabaseUnusable("the disk refused to store"), (503, "database_unusable")),
        (Integrity("the database is damaged"), (500, "integrity")),
        (RuntimeError(SENTINEL), (500, "internal")),
    ],
)
def test_a_failing_store_is_a_problem_with_the_request_id_in_the_log(container, client_with, caplog, error, problem):
    status, code = problem
    failing(container, container.sessions, error)
    client = client_with("admin")
    client.headers["X-Request-Id"] = "my-1"

    with caplog.at_level(logging.INFO):
        answer = client.get(f"/sessions/{KEY}")

    assert_problem(answer, status, code)
    assert answer.headers["X-Request-Id"] == "my-1"
    assert ("Retry-After" in answer.headers) is (code == "busy")
    assert any(
        getattr(record, "request_id", None) == "my-1" and record.levelno > logging.INFO for record in caplog.records
    )
    assert SENTINEL not in answer.text + caplog.text
    assert "Traceback" not in answer.text


def test_readiness_says_that_the_database_does_not_answer_and_no_more(container, readiness):
    failing(container, container.ledger, DatabaseUnusable("the database /var/lib/x cannot be opened"))
    client = TestClient(build_app(container, readiness))

    answer = client.get("/readyz")

    assert_problem(answer, 503, "not_ready")
    assert answer.json()["reasons"] == ["the database does not answer"]
    assert client.get("/livez").json() == {"status": "alive"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b'])
def test_a_request_id_that_is_not_sane_is_replaced(client, given):
    answer = client.get("/livez", headers={"X-Request-Id": given})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_no_answer_but_the_value_route_shows_a_secret(client, container, caplog):
    caplog.set_level(logging.DEBUG)
    container.oauth_tokens().upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue(SENTINEL)))
    agent, secret = "/agents/reviewer/token", "/secrets/agent_token:reviewer"
    bodies = (
        {"token": SENTINEL},
        {"value": SENTINEL},
        {"token": [SENTINEL]},
        {SENTINEL: SENTINEL},
        [SENTINEL],
        SENTINEL,
    )
    sent = [("PATCH", agent, {"json": body}) for body in bodies] + [("PUT", secret, {"json": body}) for body in bodies]
    sent += [
        ("PATCH", agent, {"json": {"token": SENTINEL}, "headers": {"If-Match": '"99"'}}),
        ("PATCH", agent, {"json": {"token": SENTINEL}, "headers": {"If-Match": SENTINEL}}),
        ("PATCH", agent, {"json": {"token": SENTINEL, "verify": True}}),
        ("PATCH", agent, {"json": {"token": f"{SENTINEL}\n"}}),
        ("PUT", secret, {"content": f'{{"value": "{SENTINEL}'.encode(), "headers": JSON}),
        ("PUT", secret, {"content": f'{{"value": "{SENTINEL}\\ud800"}}'.encode(), "headers": JSON}),
        ("PUT", secret, {"content": SENTINEL.encode()}),
        ("PUT", f"/secrets/{SENTINEL} ", {"json": {"value": SENTINEL}}),
        ("POST", "/api-tokens", {"json": {"name": "x", "grants": [SENTINEL]}}),
        ("GET", "/sessions", {"params": {"limit": SENTINEL}}),
        *(
            ("GET", path, {})
            for path in ("/secrets", secret, "/agents", "/oauth", "/oauth/gitlab", "/migrations", "/readyz")
        ),
        ("GET", "/sessions", {"headers": {"Authorization": f"Bearer {SENTINEL}"}}),
    ]

    answers = [client.request(method, path, **more) for method, path, more in sent]

    assert client.get(f"{secret}/value").json()["value"] == SENTINEL
    for (method, path, _), answer in zip(sent, answers, strict=True):
        assert SENTINEL not in answer.text + str(answer.headers), (method, path, answer.text)
        if not answer.is_success:
            assert_problem(answer, answer.status_code, answer.json()["code"])
    assert SENTINEL not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("strongroom")
    )
