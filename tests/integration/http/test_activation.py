"""Sockets that are bound by a service manager and passed to the server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import httpx2
import pytest

from app.http.activation import passed_sockets
from domain.errors import Invalid
from tests.integration.http.served import program, read_to, ready, refused, serving, wait_until_refused
from tests.support.ports import free_port

A_STRANGER = f"""
import os
os.geteuid = lambda: {os.getuid() + 1}
"""
"""An addition: the server takes itself for another user than the one at the other end of its socket."""

PRINTING_WHAT_IS_LEFT = """
import os
serve_ = serve
def serve(*given, **more):
    try:
        return serve_(*given, **more)
    finally:
        say("left: " + " ".join(name for name in os.environ if name.startswith("LISTEN_")))
"""


@pytest.fixture
def flags(tmp_path):
    return {"state_dir": str(tmp_path / "state"), "config_dir": str(tmp_path / "config"), "port": free_port()}


@pytest.fixture
def tcp():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


@pytest.fixture
def unix(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "passed.sock"))
        server.listen()
        yield server


def over(server):
    return httpx2.Client(base_url="http://strongroom", transport=httpx2.HTTPTransport(uds=server.getsockname()))


def test_passed_sockets_are_served_instead_of_ours(flags, tcp, unix):
    with (
        serving(flags, until="listening on unix:", passed=[tcp, unix]),
        httpx2.Client(base_url=f"http://127.0.0.1:{tcp.getsockname()[1]}") as stranger,
        over(unix) as peer,
    ):
        assert ready(peer)
        assert peer.put("/secrets/a", json={"value": "x"}).status_code == 201
        assert stranger.get("/secrets").status_code == 401
        wait_until_refused(flags["port"])


def test_another_user_needs_a_token_on_a_passed_unix_socket(flags, unix):
    with serving(flags, A_STRANGER, passed=[unix]), over(unix) as peer:
        assert ready(peer)
        assert peer.get("/secrets").status_code == 401


def test_a_connection_that_waits_at_the_passed_socket_is_served(flags, unix):
    with socket.socket(socket.AF_UNIX) as early:
        early.connect(unix.getsockname())
        early.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with serving(flags, passed=[unix]):
            answer = early.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_passed_unix_socket_outlives_the_server_and_is_good_for_the_next(flags, unix):
    for _ in range(2):
        with serving(flags, passed=[unix]) as process, over(unix) as peer:
            assert ready(peer)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def test_a_passed_socket_off_loopback_is_refused(flags):
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()

        assert "is not loopback" in refused(flags, passed=[server])


def test_the_real_launcher_of_systemd_is_understood(flags, tmp_path):
    launcher = shutil.which("systemd-socket-activate")
    if launcher is None:
        pytest.skip("a real launcher is needed: install systemd")
    path = tmp_path / "s.sock"
    server = [sys.executable, "-c", program(), json.dumps(flags)]

    with subprocess.Popen(
        [launcher, f"--listen={path}", "-E", f"PYTHONPATH={os.environ.get('PYTHONPATH', '')}", *server],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("Listening on ")
            with httpx2.Client(base_url="http://x", transport=httpx2.HTTPTransport(uds=str(path)), timeout=60) as peer:
                assert peer.get("/livez").status_code == 200
            assert read_to(process, "listening on")[-1] == f"listening on unix:{path}"
        finally:
            process.kill()


def test_what_was_passed_to_another_process_is_not_ours(flags, unix):
    with serving(flags, passed=[unix], environ={"LISTEN_PID": "1"}, until="listening on http:"):
        pass


def test_no_variable_is_left_to_the_programs_that_we_start(flags, unix):
    with serving(flags, PRINTING_WHAT_IS_LEFT, passed=[unix], environ={"LISTEN_FDNAMES": "api"}) as process:
        process.send_signal(signal.SIGTERM)

        assert process.communicate(timeout=30)[0].endswith("left: \n")


def test_a_number_that_is_none_is_refused(flags):
    assert "LISTEN_FDS is not a number" in refused(flags, environ={"LISTEN_PID": "ours", "LISTEN_FDS": "-1"})


def test_a_descriptor_that_is_no_socket_is_refused(flags, tmp_path):
    with (tmp_path / "file").open("w") as file:
        assert "descriptor 3 was passed to us and is no socket" in refused(flags, passed=[file])


def test_more_sockets_than_there_are_is_refused(flags, unix):
    assert "descriptor 4" in refused(flags, passed=[unix], environ={"LISTEN_PID": "ours", "LISTEN_FDS": "2"})


@pytest.mark.parametrize(
    "kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET], ids=["unconnected", "dgram", "seqpacket"]
)
def test_a_socket_that_accepts_no_streams_is_refused(flags, tmp_path, kind):
    with socket.socket(socket.AF_UNIX, kind) as wrong:
        wrong.bind(str(tmp_path / "wrong.sock"))
        if kind == socket.SOCK_SEQPACKET:
            wrong.listen()

        assert "descriptor 3 is no stream socket that listens" in refused(flags, passed=[wrong])


def test_a_connection_that_was_accepted_for_us_is_refused(flags):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert "descriptor 3 is no stream socket that listens" in refused(flags, passed=[theirs])


def test_without_the_variables_nothing_is_taken():
    assert passed_sockets({}) == []


def test_sockets_of_another_process_leave_no_variables_either():
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "LISTEN_PIDFDID": "1", "HOME": "/"}

    assert passed_sockets(environ) == []
    assert environ == {"HOME": "/"}


def test_an_endless_number_is_refused_before_it_is_counted_to():
    with pytest.raises(Invalid):
        passed_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "9" * 30})
