"""Who waits to write keeps nobody from reading, and who is turned away costs others nothing."""

import logging
import threading
from dataclasses import replace

import anyio
import pytest
from starlette.testclient import TestClient

import adapters.sql.database
from adapters.memory import ManualClock, MemoryAuditLog, MemoryCipher
from app.http.application import build_app
from app.http.denials import AT_ONCE, Denials
from domain.audit import Action
from domain.errors import Busy, Unauthenticated
from domain.instants import SECOND_MS
from tests.support.backed_up import sql

KEY = "forgejo:reviewer:acme/api:42"
MISTAKE = "srt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGabcdef"


@pytest.fixture
def held_up(container, mocker):
    """Noting the use of a token waits until it is let go."""
    let_go, noted = threading.Event(), []
    real = container.unaudited_api_tokens().mark_used

    def waiting(token_id, used_at):
        noted.append(token_id)
        assert let_go.wait(60)
        real(token_id, used_at)

    mocker.patch.object(container.unaudited_api_tokens(), "mark_used", side_effect=waiting)
    yield noted, let_go
    let_go.set()


@pytest.mark.anyio
async def test_no_answer_waits_until_the_use_of_its_token_is_noted(container, readiness, held_up):
    noted, let_go = held_up
    _, token = container.create_api_token()("t", ("admin",))
    app, headers = build_app(container, readiness), [(b"authorization", f"Bearer {token.reveal()}".encode())]

    async with anyio.create_task_group() as requests:
        for path in ("/sessions/count", "/sessions/none", "/sessions/count"):
            answered = anyio.Event()
            requests.start_soon(app, a_request(path, headers), nothing_more, whole(answered))
            await answered.wait()
        while not noted:
            await anyio.lowlevel.checkpoint()
        waiting = list(noted)
        let_go.set()

    assert len(waiting) == 1
    assert container.api_tokens().list()[0].last_used_at is not None


def a_request(path, headers):
    address = {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""}
    return {"type": "http", "method": "GET", "http_version": "1.1", "headers": headers, "state": {}, **address}


async def nothing_more():
    return {"type": "http.request", "body": b"", "more_body": False}


def whole(answered):
    async def send(message):
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    return send


def test_a_login_that_nobody_began_waits_for_no_writer(container, stranger, mocker):
    transaction = mocker.spy(container.database(), "transaction")

    answer = stranger.get("/oauth/gitlab/callback?code=a&state=x", headers={"Cookie": f"strongroom-login={'x' * 43}"})

    assert answer.status_code == 403
    assert transaction.call_count == 0


def test_logins_that_nobody_began_are_limited_as_unknown_tokens_are(container, readiness):
    container.settings.override(replace(container.settings(), failure_limit=3))
    stranger = TestClient(build_app(container, readiness))

    answers = [stranger.get("/oauth/gitlab/callback?code=a&state=x").status_code for _ in range(4)]

    assert answers == [403, 403, 403, 429]


def test_a_thread_whose_turn_to_write_does_not_come_is_told_so(container, monkeypatch):
    monkeypatch.setattr(adapters.sql.database, "PATIENCE_S", 0.01)
    database, began, let_go = container.database(), threading.Event(), threading.Event()

    def hold():
        with database.transaction():
            began.set()
            let_go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert began.wait(60)
        with pytest.raises(Busy):
            container.sessions().set(KEY, "x")
    finally:
        let_go.set()
        holder.join()
    container.sessions().set(KEY, "x")


@pytest.fixture
def log():
    log = MemoryAuditLog(MemoryCipher(), clock := ManualClock())
    log.begin()
    return log, clock


@pytest.mark.anyio
async def test_strangers_from_everywhere_leave_no_more_events_than_one(log):
    audit, clock = log
    denials = Denials(audit, clock)
    for number in range(5 * AT_ONCE):
        await denials.note(f"unknown:10.0.0.{number}", "GET /", Unauthenticated("no"))
    for _ in range(3):
        clock.advance(SECOND_MS)
        await denials.note("unknown:10.0.1.1", "GET /", Unauthenticated("no"))

    assert len(audit.list(action=Action.DENIED, limit=1_000)) == AT_ONCE + 3


@pytest.mark.anyio
async def test_strangers_do_not_silence_the_log_about_whom_we_know(log):
    audit, clock = log
    denials = Denials(audit, clock)
    for number in range(2 * AT_ONCE):
        await denials.note(f"unknown:10.0.0.{number}", "GET /", Unauthenticated("no"))

    await denials.note("token:1 ci", "GET /secrets", Unauthenticated("no"))

    assert audit.list(limit=1)[0].actor == "token:1 ci"


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_a_token_in_a_path_is_not_in_the_audit_log(container, client_with):
    client_with("read:/sessions").get(f"/{MISTAKE}")

    (denied,) = container.audit().list(action=Action.DENIED, limit=10)
    assert denied.subject.startswith("GET /srt_")
    assert MISTAKE[4:] not in repr(denied)


def test_no_log_names_the_secret_that_does_not_open(container, client, caplog):
    container.secrets().set("agent_token:architect", "sesame")
    sql(container.database().path, "UPDATE secret_version SET sealed = zeroblob(60)")

    with caplog.at_level(logging.DEBUG):
        answer = client.get("/secrets/agent_token:architect/value")

    assert (answer.status_code, answer.json()["cause"]) == (500, "not_sealed")
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("strongroom"))
    assert "not_sealed" in ours
    assert "architect" not in ours
