"""From the order to stop to the end: who is in the middle of something gets an answer, and nobody holds it up."""

import json
import signal
import subprocess
from contextlib import contextmanager

import httpx2
import pytest

from tests.integration.http.listening_manager import a_manager
from tests.integration.http.served import (
    A_MIGRATION_THAT_WAITS,
    PATIENCE,
    ROUTES,
    read_to,
    ready,
    serving,
    wait_until_refused,
)
from tests.support.ports import free_port

BODY = json.dumps({"value": "x"}).encode()
HEAD = f"PUT /secrets/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
WITHIN_S = 20
"""Requests 7 s, the rest 2 s; what is more is for a machine that has much else to do."""

IMPATIENT, PATIENT = PATIENCE.format(1, 60), PATIENCE.format(600, 600)


@pytest.fixture
def flags(tmp_path):
    return {
        "state_dir": str(tmp_path / "state"),
        "config_dir": str(tmp_path / "config"),
        "port": free_port(),
        "socket": str(tmp_path / "s.sock"),
    }


@contextmanager
def ready_server(flags, *additions, **more):
    with (
        serving(flags, *additions, until="listening on unix:", **more) as process,
        httpx2.Client(base_url="http://x", transport=httpx2.HTTPTransport(uds=flags["socket"])) as client,
    ):
        assert ready(client)
        process.stdout.readline()  # what became of the old files
        yield process


def stop(process, flags):
    """Give the order, and return when it is being followed."""
    process.send_signal(signal.SIGTERM)
    wait_until_refused(flags["port"], flags.get("socket"))


def begin(connection, head=HEAD):
    """Begin a request, and return when its handler waits for the body."""
    connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")


def hang(process, connection, how):
    connection.sendall(f"GET /{how} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    read_to(process, "began")


def read_answer(connection):
    """Read the whole answer to a look at `/livez`."""
    said = b""
    while not said.endswith(b'{"status":"alive"}'):
        said += connection.recv(1_000)


def answer_to(connection):
    head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


def test_a_request_in_flight_is_answered_and_new_ones_are_refused(flags, on_unix):
    with ready_server(flags, PATIENT) as process, on_unix() as connection:
        begin(connection)
        stop(process, flags)
        with pytest.raises(ConnectionRefusedError), on_unix():
            pass
        connection.sendall(BODY)
        status, head, _ = answer_to(connection)
        code, errors = process.wait(60), process.stderr.read()

    assert (status, code, errors) == (201, 0, "")
    assert b'etag: "1"' in head.lower()


def test_a_connection_that_is_only_kept_is_closed_at_once(flags, on_unix):
    with ready_server(flags, PATIENT) as process, on_unix() as kept, on_unix() as half:
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        half.sendall(b"GET /livez HT")
        read_answer(kept)
        stop(process, flags)

        assert kept.recv(10_000) == half.recv(10_000) == b""
        assert process.wait(60) == 0


def test_who_takes_too_long_is_told_so(flags, on_unix):
    with ready_server(flags, IMPATIENT, ROUTES) as process, on_unix() as slow, on_unix() as sleeper:
        begin(slow)
        hang(process, sleeper, "beside_the_loop")
        process.send_signal(signal.SIGTERM)
        answers = [answer_to(connection) for connection in (slow, sleeper)]
        code = process.wait(60)

    assert code == 0
    for status, head, body in answers:
        assert status == 503
        assert b"application/problem+json" in head
        assert json.loads(body)["code"] == "not_ready"


@pytest.mark.parametrize("how", ["in_a_thread", "on_the_loop"])
def test_whatever_is_in_flight_the_process_ends(flags, on_unix, how):
    with ready_server(flags, ROUTES) as process, on_unix() as slow, on_unix() as kept, on_unix() as hanging:
        begin(slow)
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        read_answer(kept)
        hang(process, hanging, how)
        process.send_signal(signal.SIGTERM)

        assert process.wait(WITHIN_S) == 0


def test_a_migration_that_does_not_end_does_not_hold_up_the_end(flags):
    with serving(flags, A_MIGRATION_THAT_WAITS, until="listening on unix:") as process:
        process.send_signal(signal.SIGINT)

        assert process.wait(WITHIN_S) == 130


def test_a_migration_that_ends_in_time_is_waited_for(flags):
    with serving(flags, A_MIGRATION_THAT_WAITS, PATIENT, until="listening on unix:") as process:
        stop(process, flags)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        said, errors = process.communicate("\n", timeout=60)

    assert (said, errors, process.returncode) == ("[]\n", "", 0)


@pytest.mark.parametrize("how", ["beside_the_loop", "in_a_thread"])
def test_a_second_order_skips_the_wait_for_requests(flags, on_unix, tmp_path, how):
    with (
        a_manager(tmp_path) as manager,
        ready_server(flags, PATIENCE.format(600, 1), ROUTES, environ=manager.environ) as process,
        on_unix() as hanging,
    ):
        hang(process, hanging, how)
        process.send_signal(signal.SIGTERM)
        manager.up_to("STOPPING=1")
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0


def test_a_second_order_skips_the_wait_for_the_migration(flags):
    with serving(flags, A_MIGRATION_THAT_WAITS, PATIENCE.format(600, 1), until="listening on unix:") as process:
        stop(process, flags)
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0


@pytest.mark.parametrize("orders", [1, 2, 3])
def test_no_order_cuts_short_a_refresh_that_was_begun(flags, on_unix, orders):
    with ready_server(flags, PATIENCE.format(0, 0), ROUTES) as process, on_unix() as connection:
        hang(process, connection, "refreshing")
        for _ in range(orders):
            stop(process, flags)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        if orders > 1:
            process.send_signal(signal.SIGTERM)  # by now the server has ended, and only the refresh is waited for
        said, _ = process.communicate("\n", timeout=60)

    assert said == "saved\n"
    assert process.returncode == 0


def test_the_manager_hears_of_the_end_although_the_loop_is_stuck(flags, on_unix, tmp_path):
    with (
        a_manager(tmp_path) as manager,
        serving(flags, ROUTES, PATIENCE.format(1, 1), until="listening on unix:", environ=manager.environ) as process,
        on_unix() as connection,
    ):
        manager.up_to("READY=1")
        hang(process, connection, "on_the_loop")
        process.send_signal(signal.SIGTERM)

        assert manager.up_to("STOPPING=1")
        assert process.wait(60) == 0
        assert manager.at_once()[-1] == "STATUS=what did not end in time was cut off"


def test_a_signal_while_it_starts_ends_it_in_order(flags):
    at_once = "import os, signal\nsay = lambda _line: os.kill(os.getpid(), signal.SIGTERM)\n"

    with serving(flags, at_once, until=None) as process:
        said, errors = process.communicate(timeout=60)

    assert (said, errors, process.returncode) == ("", "", 0)
