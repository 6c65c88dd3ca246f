"""The real server in a process of its own."""

import json
import signal
import socket

import httpx2
import pytest

from app.boot import open_service
from app.setting_sources import load_settings
from tests.integration.http.served import ready, refused, serving
from tests.support.ports import free_port

BROKEN_LOCK = """
from domain.errors import DatabaseUnusable

class BrokenLock:
    def hold(self, **_):
        raise DatabaseUnusable("the lock cannot be used")

container.lock.override(BrokenLock())
"""


@pytest.fixture
def flags(tmp_path):
    return {"state_dir": str(tmp_path / "state"), "config_dir": str(tmp_path / "config"), "port": free_port()}


@pytest.fixture
def token(flags):
    container = open_service(load_settings({}, flags))
    _, token = container.create_api_token()("t", ("admin",))
    container.database().close()
    return token.reveal()


def test_it_serves_over_tcp_and_stops_in_order(flags, token, tmp_path):
    (tmp_path / "config" / "tokens").mkdir(exist_ok=True)
    (tmp_path / "config" / "tokens" / "writer").write_text("two\nlines\n")
    url = f"http://127.0.0.1:{flags['port']}"

    with serving(flags) as process, httpx2.Client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        attention = process.stdout.readline()
        was_ready = ready(client)
        put = client.put("/sessions/forgejo:reviewer:acme%2Fapi:42", json={"session_id": "9f1c"})
        got = client.get("/sessions/forgejo:reviewer:acme/api:42")
        process.send_signal(signal.SIGTERM)
        code, errors = process.wait(20), process.stderr.read()

    assert attention == "['tokens/writer']\n"
    assert was_ready
    assert (put.status_code, got.json()["session_id"]) == (200, "9f1c")
    assert "server" not in got.headers
    assert (code, errors) == (0, "")
    assert not (tmp_path / "state" / "agents.db-wal").exists()


def test_a_path_is_decoded_once_before_it_is_held_against_a_grant(flags):
    container = open_service(load_settings({}, flags))
    _, token = container.create_api_token()("t", ("read:/secrets/a",))
    container.database().close()

    with serving(flags), httpx2.Client(base_url=f"http://127.0.0.1:{flags['port']}") as client:
        client.headers["Authorization"] = f"Bearer {token.reveal()}"
        assert ready(client)
        statuses = [
            client.get(f"/secrets/{name}").status_code for name in ("a", "%61", "%2561", "a%0A", "../secrets/a%2F")
        ]

    assert statuses == [404, 404, 403, 403, 403]


def test_an_interrupt_ends_with_130(flags):
    with serving(flags) as process:
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 130


def test_what_is_no_http_is_a_problem_too(flags):
    with serving(flags), socket.create_connection(("127.0.0.1", flags["port"]), timeout=10) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        answer = connection.makefile("rb").read()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "bad_request"


def test_an_early_refusal_of_a_large_body_reaches_the_client(flags, token):
    with serving(flags), socket.create_connection(("127.0.0.1", flags["port"]), timeout=10) as connection:
        head = f"PUT /secrets/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 9999999\r\n\r\n"
        with httpx2.Client(base_url=f"http://127.0.0.1:{flags['port']}") as client:
            assert ready(client)
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_our_own_user_is_admin_on_the_unix_socket_and_nobody_over_tcp(flags, tmp_path):
    path = tmp_path / "s.sock"
    url = f"http://127.0.0.1:{flags['port']}"

    with (
        serving(flags | {"socket": str(path)}, until="listening on unix:"),
        httpx2.Client(base_url="http://strongroom", transport=httpx2.HTTPTransport(uds=str(path))) as peer,
        httpx2.Client(base_url=url) as stranger,
    ):
        assert ready(peer)
        assert peer.put("/secrets/a", json={"value": "x"}).status_code == 201
        assert stranger.get("/secrets").status_code == 401


def test_the_unix_socket_can_stand_alone(flags, tmp_path):
    path = tmp_path / "s.sock"

    with (
        serving(flags | {"socket": str(path), "port": 0}),
        httpx2.Client(base_url="http://strongroom", transport=httpx2.HTTPTransport(uds=str(path))) as peer,
    ):
        assert ready(peer)


def test_a_migration_that_fails_ends_the_server_with_its_error(flags, token):
    assert refused(flags, BROKEN_LOCK) == "database_unusable: the lock cannot be used"


def test_a_second_server_on_the_same_port_says_so(flags):
    with serving(flags):
        assert refused(flags).startswith("busy: ")
