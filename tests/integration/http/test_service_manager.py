"""What a service manager hears from the server: READY, STATUS, STOPPING, and that the event loop turns."""

import signal
import socket
from contextlib import contextmanager

import httpx2
import pytest

from tests.integration.http.listening_manager import a_manager
from tests.integration.http.served import A_MIGRATION_THAT_WAITS, ROUTES, read_to, ready, serving
from tests.support.ports import free_port

WATCHED = {"WATCHDOG_PID": "ours", "WATCHDOG_USEC": "100000"}


@pytest.fixture
def flags(tmp_path):
    return {"state_dir": str(tmp_path / "state"), "config_dir": str(tmp_path / "config"), "port": free_port()}


@pytest.fixture(params=[False, True], ids=["with a file", "abstract"])
def manager(request, tmp_path):
    with a_manager(tmp_path, abstract=request.param) as listening:
        yield listening


@contextmanager
def a_connection_to(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        yield connection


@pytest.fixture
def path_manager(tmp_path):
    with a_manager(tmp_path) as listening:
        yield listening


def test_a_life_is_told_from_start_to_end(flags, manager):
    with serving(flags, environ=manager.environ) as process:
        start = manager.up_to("READY=1")
        process.send_signal(signal.SIGTERM)
        end = manager.up_to("STOPPING=1")
        code, errors = process.wait(30), process.stderr.read()

    assert start[0] == "STATUS=the old files are being moved into the database"
    assert start[-2:] == [f"STATUS=serving on http://127.0.0.1:{flags['port']}", "READY=1"]
    assert {*start[1:-2]} <= {"EXTEND_TIMEOUT_USEC=60000000"}
    assert end[-1] == "STOPPING=1"
    assert (code, errors, manager.at_once()) == (0, "", [])


def test_it_is_not_ready_before_the_old_files_are_moved_and_asks_for_time(flags, path_manager):
    with (
        serving(flags, A_MIGRATION_THAT_WAITS, environ=path_manager.environ) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{flags['port']}") as client,
    ):
        waiting = path_manager.up_to("EXTEND_TIMEOUT_USEC=")
        statuses = client.get("/livez").status_code, client.get("/readyz").status_code
        waiting += path_manager.at_once()
        process.stdin.write("\n")
        process.stdin.flush()
        path_manager.up_to("READY=1")

        assert statuses == (200, 503)
        assert waiting == [
            "STATUS=the old files are being moved into the database",
            "EXTEND_TIMEOUT_USEC=60000000",
        ]
        assert ready(client)


def test_the_status_counts_files_that_need_attention(flags, path_manager, tmp_path):
    (tmp_path / "config" / "tokens").mkdir(parents=True)
    (tmp_path / "config" / "tokens" / "writer").write_text("two\nlines\n")

    with serving(flags, environ=path_manager.environ):
        assert path_manager.up_to("READY=1")[-2].endswith("; old files that need attention: 1")


def test_a_failed_start_is_never_ready(flags, path_manager):
    broken = A_MIGRATION_THAT_WAITS.replace("return contextlib.nullcontext()", "raise DomainError('it broke')")

    with serving(flags, broken, environ=path_manager.environ) as process:
        assert process.communicate("\n", timeout=30)[0].endswith("failure: it broke\n")

    heard = [each for each in path_manager.at_once() if not each.startswith("EXTEND_TIMEOUT")]
    assert heard[-1] == "STOPPING=1"
    assert "READY=1" not in heard


def test_the_watchdog_hears_us_for_as_long_as_the_loop_turns(flags, path_manager, tmp_path):
    socket_path = tmp_path / "s.sock"
    request = b"GET /on_the_loop HTTP/1.1\r\nHost: x\r\n\r\n"

    with (
        serving(flags | {"socket": str(socket_path)}, ROUTES, environ=path_manager.environ | WATCHED) as process,
        a_connection_to(socket_path) as connection,
    ):
        path_manager.up_to("READY=1")
        beats = [path_manager.next() for _ in range(3)]
        connection.sendall(request)
        read_to(process, "began")
        path_manager.at_once()

        assert beats == ["WATCHDOG=1"] * 3
        assert path_manager.hears_nothing_for(1)


@pytest.mark.parametrize("foreign", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}])
def test_a_watchdog_that_is_not_ours_hears_nothing(flags, path_manager, foreign):
    with serving(flags, environ=path_manager.environ | WATCHED | foreign) as process:
        heard = path_manager.up_to("READY=1")
        process.send_signal(signal.SIGTERM)

        assert "WATCHDOG=1" not in heard + path_manager.up_to("STOPPING=1")


@pytest.mark.parametrize("nobody", ["/nowhere/notify", "@nobody", "vsock:2:1", "relative", ""])
def test_a_manager_that_cannot_be_told_does_not_hold_up_the_service(flags, nobody):
    with (
        serving(flags, environ={"NOTIFY_SOCKET": nobody} | WATCHED) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{flags['port']}") as client,
    ):
        assert ready(client)
        process.send_signal(signal.SIGTERM)
        code, errors = process.wait(30), process.stderr.read()

    assert (code, errors) == (0, "")


def test_a_manager_that_does_not_read_does_not_hold_up_the_service(flags, path_manager):
    with (
        serving(flags, environ=path_manager.environ | WATCHED | {"WATCHDOG_USEC": "1000"}) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{flags['port']}") as client,
    ):
        assert ready(client)  # by now many more facts were told than the kernel keeps for somebody who does not read
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0


def test_the_programs_that_we_start_do_not_speak_in_our_name(flags, path_manager):
    naming = """
container.service_manager()
import os
say("left: " + " ".join(name for name in os.environ if name.startswith(("NOTIFY", "WATCHDOG"))))
"""

    with serving(flags, naming, until=None, environ=path_manager.environ | WATCHED) as process:
        assert process.stdout.readline() == "left: \n"
