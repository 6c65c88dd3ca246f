"""A request that is given up because the service ends."""

import asyncio
import logging
import os

from starlette.testclient import TestClient

from app.http.application import build_app
from app.http.peers import PEER_UID

REQUEST = {
    "type": "http",
    "http_version": "1.1",
    "method": "PUT",
    "path": "/secrets/a",
    "raw_path": b"/secrets/a",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"x-request-id", b"my-1"), (b"content-type", b"application/json")],
    "state": {PEER_UID: os.geteuid()},
}


async def given_up(app):
    """Let a request wait for its body in vain, and give it up; returns what was sent."""
    waits, sent = asyncio.Event(), []

    async def receive():
        waits.set()
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    request = asyncio.create_task(app(dict(REQUEST), receive, send))
    await waits.wait()
    request.cancel()
    await request
    return sent


def test_who_is_cut_off_has_an_answer_with_an_id_a_line_and_a_count_as_everybody(container, readiness, caplog):
    app = build_app(container, readiness)
    _, token = container.create_api_token()("a test", ("admin",))
    with caplog.at_level(logging.INFO, "strongroom.http"):
        start, *_ = asyncio.run(given_up(app))
    counted = TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}"}).get("/metrics").text

    assert (start["status"], dict(start["headers"])[b"x-request-id"]) == (503, b"my-1")
    assert [record.getMessage() for record in caplog.records] == ["PUT /secrets/{name:path} 503"]
    assert 'strongroom_http_requests_total{method="PUT",route="/secrets/{name:path}",status="503"} 1.0' in counted
