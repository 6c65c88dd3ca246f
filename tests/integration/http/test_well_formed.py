"""Requests whose form is wrong, on the wire; nobody asks who sent them."""

import json
import socket
from contextlib import contextmanager

import httpx2
import pytest

from tests.integration.http.served import ready, serving
from tests.support.ports import free_port

LOGS = """
from app.logs import set_up_logs
set_up_logs(level="info", form="json")
"""
WRONG_TOKEN = "Authorization: Bearer srt_wrong\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
SECOND = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire:
    """Sends bytes to a server, and reads up to the end."""

    def __init__(self, flags, process):
        self._flags, self._process = flags, process

    def answer_to(self, sent):
        with socket.create_connection(("127.0.0.1", self._flags["port"]), timeout=20) as connection:
            connection.sendall(sent.encode())
            said = connection.makefile("rb").read()
        head, _, body = said.partition(b"\r\n\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in head.decode().splitlines())}
        return int(head.split()[1]), headers, body

    def get(self, path):
        transport = httpx2.HTTPTransport(uds=self._flags["socket"])
        with httpx2.Client(base_url="http://x", transport=transport) as client:
            assert ready(client)
            return client.get(path)

    def lines(self):
        """Stop the server, and return what it logged."""
        self._process.terminate()
        return [json.loads(line) for line in self._process.stderr.read().splitlines()]


@pytest.fixture
def wire(tmp_path):
    flags = {
        "state_dir": str(tmp_path / "state"),
        "config_dir": str(tmp_path / "config"),
        "port": free_port(),
        "socket": str(tmp_path / "s.sock"),
    }
    with serving(flags, LOGS, until="listening on unix:") as process:
        wire = Wire(flags, process)
        wire.get("/livez")
        yield wire


@contextmanager
def a_refusal(wire, sent):
    """Expect one answer, 400 `bad_request`, and nothing after it."""
    status, headers, body = wire.answer_to(sent)
    problem = json.loads(body)
    assert (status, problem["code"], headers["connection"]) == (400, "bad_request", "close")
    assert headers["content-type"] == "application/problem+json"
    yield headers, problem


TARGETS = ["http://x/secrets", "*", "%2Fsecrets", "?a=b", "x:1", "secrets"]


def test_a_target_that_is_no_path_is_refused_and_not_written_down_as_a_denial(wire):
    for target in TARGETS:
        with a_refusal(wire, f"GET {target} HTTP/1.1\r\nHost: x\r\n{WRONG_TOKEN}\r\n") as (_, problem):
            assert problem["detail"].endswith("starts with a slash")
    assert wire.answer_to(f"GET /secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{WRONG_TOKEN}\r\n")[0] == 401

    subjects = [event["subject"] for event in wire.get("/audit").json()["events"] if event["action"] == "denied"]

    assert subjects == ["GET /secrets"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_body_of_two_lengths_is_refused_and_what_follows_is_no_request(wire, order):
    lengths = "".join(["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"][::order])
    sent = f"PUT /secrets/a HTTP/1.1\r\nHost: x\r\n{lengths}{WRONG_TOKEN}\r\n0\r\n\r\n{SECOND}"

    with a_refusal(wire, sent) as (_, problem):
        assert "Content-Length" in problem["detail"]


def test_what_is_refused_for_its_form_is_logged_and_counted_as_every_answer(wire):
    with a_refusal(wire, "GET * HTTP/1.1\r\nHost: x\r\nX-Request-Id: my-1\r\n\r\n") as (headers, _):
        assert headers["x-request-id"] == "my-1"
    counted = wire.get("/metrics").text

    assert 'strongroom_http_requests_total{method="GET",route="(no route)",status="400"} 1.0' in counted
    assert [line["event"] for line in wire.lines() if line.get("request_id") == "my-1"] == ["GET (no route) 400"]


@pytest.mark.parametrize(
    "sent", ["NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", f"PUT / HTTP/1.1\r\nHost: x\r\n{CHUNKED}z\r\n"]
)
def test_what_is_no_http_has_a_request_id_and_one_line(wire, sent):
    with a_refusal(wire, sent) as (headers, problem):
        assert problem["detail"] == "this is not HTTP/1.1"

    (line,) = [line for line in wire.lines() if line.get("status") == 400 or line["level"] != "info"]

    assert (line["event"], line["level"], line["route"]) == ("(no route) 400", "info", "(no route)")
    assert line["request_id"] == headers["x-request-id"]


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.0"])
def test_an_upgrade_is_not_heeded_and_nobody_is_warned(wire, protocol):
    sent = f"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: {protocol}\r\n\r\n"

    status, _, body = wire.answer_to(sent)

    assert (status, body) == (200, b'{"status":"alive"}')
    assert {line["level"] for line in wire.lines()} == {"info"}
