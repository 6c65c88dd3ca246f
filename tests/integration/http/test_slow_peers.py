"""Peers that keep us waiting: for the rest of a request, or until they read an answer."""

import json
import select
import socket
from contextlib import contextmanager

import httpx2
import pytest

from tests.integration.http.served import ROUTES, read_to, ready, serving
from tests.integration.http.test_stopping import answer_to, hang, read_answer
from tests.support.ports import free_port

DEADLINES = """
import app.http.patience as deadlines
deadlines.HEAD_S, deadlines.BODY_S, deadlines.ANSWER_S = {0}, {1}, {2}
"""
NEVER = 600
DRIPS = 400
"""How many bytes one at a time, 50 ms apart, are more than any deadline of these tests allows."""


@pytest.fixture
def flags(tmp_path):
    return {
        "state_dir": str(tmp_path / "state"),
        "config_dir": str(tmp_path / "config"),
        "port": free_port(),
        "socket": str(tmp_path / "s.sock"),
    }


@pytest.fixture
def over_tcp(flags):
    return lambda: socket.create_connection(("127.0.0.1", flags["port"]), timeout=20)


@contextmanager
def asking(flags, *additions):
    """Run a server that is ready, and ask it over the Unix socket."""
    with (
        serving(flags, *additions, until="listening on unix:") as process,
        httpx2.Client(base_url="http://x", transport=httpx2.HTTPTransport(uds=flags["socket"])) as client,
    ):
        assert ready(client)
        process.stdout.readline()  # what became of the old files
        client.process = process
        yield client


def drip(connection):
    """Send one byte after the other, until the other end says something or hangs up."""
    for _ in range(DRIPS):
        try:
            connection.sendall(b"a")
        except ConnectionError:
            return
        if select.select([connection], [], [], 0.05)[0]:
            return
    raise AssertionError("it waited for ever")


def rest_of(connection):
    try:
        return connection.recv(10_000)
    except ConnectionResetError:
        return b""


def assert_too_slow(connection):
    status, head, body = answer_to(connection)
    assert (status, json.loads(body)["code"]) == (408, "too_slow")
    assert b"x-request-id: " in head.lower()
    assert b"connection: close" in head.lower()


def test_a_head_that_drips_is_given_up_with_408(flags, over_tcp):
    with asking(flags, DEADLINES.format(1, NEVER, NEVER)), over_tcp() as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-A: ")
        drip(connection)

        assert_too_slow(connection)


def test_half_a_head_and_then_nothing_is_given_up_too(flags, on_unix):
    with asking(flags, DEADLINES.format(1, NEVER, NEVER)), on_unix() as connection:
        connection.sendall(b"GET /livez HT")

        assert_too_slow(connection)


def test_who_connects_and_says_nothing_is_told_nothing(flags, on_unix):
    with asking(flags, DEADLINES.format(1, NEVER, NEVER)) as client, on_unix() as connection:
        assert connection.recv(1) == b""
        client.process.terminate()
        assert client.process.stderr.read() == ""


def test_a_head_that_drips_on_a_connection_that_was_kept_is_given_up_too(flags, on_unix):
    with asking(flags, DEADLINES.format(1, NEVER, NEVER)), on_unix() as connection:
        for _ in range(2):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            read_answer(connection)
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-A: ")
        drip(connection)

        assert_too_slow(connection)


def test_a_head_that_was_begun_before_the_answer_to_the_one_before_has_its_deadline(flags, on_unix):
    with asking(flags, DEADLINES.format(1, NEVER, NEVER)), on_unix() as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nX-A: ")
        read_answer(connection)

        assert_too_slow(connection)


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_the_handler_of_a_body_that_drips_sees_a_disconnect(flags, on_unix, framing):
    with asking(flags, DEADLINES.format(NEVER, 1, NEVER)) as client, on_unix() as connection:
        head = f"PUT /secrets/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
        connection.sendall(head.encode() + b"2000\r\n" * ("chunked" in framing))
        drip(connection)
        assert rest_of(connection) == b""

        counted = client.get("/metrics").text

    assert 'strongroom_http_requests_total{method="PUT",route="/secrets/{name:path}",status="(none)"} 1.0' in counted


def test_a_body_that_drips_after_its_answer_is_given_up_too(flags, over_tcp):
    with asking(flags, DEADLINES.format(NEVER, 1, NEVER)), over_tcp() as connection:
        connection.sendall(b"PUT /secrets/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        said = b""
        while not said.endswith(b"}"):
            said += connection.recv(10_000)
        assert said.startswith(b"HTTP/1.1 401 ")
        drip(connection)

        assert rest_of(connection) == b""


def test_an_answer_may_take_longer_than_its_request(flags, on_unix):
    with asking(flags, DEADLINES.format(1, 1, 1), ROUTES) as client, on_unix() as connection, on_unix() as idle:
        hang(client.process, connection, "refreshing")
        with on_unix() as later:
            assert idle.recv(1) == later.recv(1) == b""  # so the deadline is past
        client.process.stdin.write("\n")
        client.process.stdin.flush()
        read_to(client.process, "saved")

        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_who_does_not_read_his_answers_is_cut_off(flags, on_unix):
    many = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100_000

    with asking(flags, DEADLINES.format(NEVER, NEVER, 1)), on_unix() as connection, pytest.raises(ConnectionError):
        connection.sendall(many)
