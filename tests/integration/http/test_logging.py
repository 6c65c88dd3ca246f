"""What a request leaves in the log."""

import asyncio
import io
import json
import logging
from contextlib import redirect_stderr, suppress

import pytest
import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.http.envelope import Envelope
from app.logs import set_up_logs
from domain.errors import Busy

CANARY = "canary-5c1e"
KEY = f"forgejo:reviewer:acme/{CANARY}:1"


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def lines():
    """Give the lines of the log, each as a dict."""
    with redirect_stderr(io.StringIO()) as said:
        set_up_logs(form="json")
    return lambda: [json.loads(line) for line in said.getvalue().splitlines()]


def access(lines):
    return [line for line in lines if "duration_ms" in line]


def test_an_answer_is_one_line_with_all_that_is_known_of_it(client, container, lines):
    token = container.api_tokens().list()[0]

    answer = client.get(f"/sessions/{KEY}?x={CANARY}", headers={"X-Request-Id": "my-1", "User-Agent": CANARY})

    (line,) = access(lines())
    assert line.pop("duration_ms") > 0
    assert line.pop("timestamp")
    assert line == {
        "event": "GET /sessions/{key:path} 404",
        "level": "info",
        "logger": "strongroom.http",
        "request_id": "my-1",
        "method": "GET",
        "route": "/sessions/{key:path}",
        "status": 404,
        "actor": f"token:{token.id} a test",
    }
    assert answer.headers["X-Request-Id"] == "my-1"


@pytest.mark.parametrize(
    "path",
    [
        f"/sessions/{KEY}",
        f"/secrets/generic:{CANARY}/value",
        f"/nowhere/{CANARY}",
        f"/oauth/gitlab/callback?code={CANARY}",
    ],
)
def test_no_path_no_query_and_no_method_of_the_callers_own_is_logged(client, stranger, lines, path):
    for each in (client, stranger):
        each.get(path)
        each.get(f"/livez?{CANARY}")
        each.request(CANARY.upper(), path)

    said = lines()

    assert len(access(said)) == 6
    assert CANARY not in json.dumps(said).lower()


def test_who_is_refused_is_named_as_far_as_he_is_known(client_with, stranger, lines):
    client_with("read:/audit").get("/secrets")
    stranger.get("/livez")

    refused, unknown = access(lines())

    assert (refused["status"], refused["actor"].partition(":")[0]) == (403, "token")
    assert (unknown["status"], unknown["actor"]) == (200, None)


def test_a_store_that_fails_is_logged_with_the_id_of_the_request(container, client_with, lines):
    class Locked:
        def __getattr__(self, _name):
            def fail(*_args, **_kwargs):
                raise Busy("the database is locked")

            return fail

    container.sessions.override(Locked())
    client_with("admin").get("/sessions", headers={"X-Request-Id": "my-1"})

    said = [line for line in lines() if line["logger"] == "strongroom.http"]

    assert {line["level"] for line in said} == {"warning", "info"}
    assert {line["request_id"] for line in said} == {"my-1"}


async def talkative(_request):
    """Log from the event loop, from a thread and from a task, by both kinds of loggers."""
    logging.getLogger("theirs").info("on the loop")
    structlog.get_logger("ours").info("on the loop")
    await run_in_threadpool(logging.getLogger("theirs").info, "in a thread")
    await asyncio.create_task(later())
    return PlainTextResponse("x")


async def later():
    logging.getLogger("theirs").info("in a task")


def test_every_line_that_is_written_meanwhile_carries_the_id_of_the_request(lines):
    client = TestClient(Envelope(Starlette(routes=[Route("/", talkative)])))

    ids = [client.get("/", headers=headers).headers["X-Request-Id"] for headers in ({}, {"X-Request-Id": "my-2"})]

    said = [line for line in lines() if line["logger"] in {"theirs", "ours", "strongroom.http"}]
    assert [line["request_id"] for line in said] == [ids[0]] * 5 + ["my-2"] * 5
    assert ids[0] != "my-2"


async def ends(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def fails(_scope, _receive, _send):
    raise RuntimeError(CANARY)


async def breaks_off(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError(CANARY)


@pytest.mark.parametrize("app", [ends, fails, breaks_off])
def test_behind_a_request_no_line_carries_its_id(lines, app):
    async def request():
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", b"my-1")]}
        with suppress(RuntimeError):
            await Envelope(app)(scope, None, sink)
        logging.getLogger("theirs").info("behind it")

    async def sink(_message):
        pass

    asyncio.run(request())

    said = lines()
    (behind,) = [line for line in said if line["event"] == "behind it"]
    assert "request_id" not in behind
    assert {line["request_id"] for line in access(said)} == {"my-1"}
    assert CANARY not in json.dumps(said)
