"""The command as a process: what it leaves on its streams, its exit code, and what interrupts it."""

import base64
import json
import signal
import subprocess
import urllib.request
from contextlib import closing
from socket import socket

import pytest

from adapters.filesystem import FileLock
from app.container import LOCK_NAME
from domain.keys import fingerprint
from tests.integration.cli.homes import GITLAB_ACCESS, KEY, REVIEWER_TOKEN, SENTINEL


def test_a_result_is_on_standard_output_and_nothing_beside_it(moved_home):
    done = moved_home.run("secrets", "get", "agent_token:reviewer")

    assert (done.returncode, done.stdout, done.stderr) == (0, REVIEWER_TOKEN.encode(), b"")


def test_an_error_is_on_standard_error_with_a_hint(home):
    done = home.run("sessions", "get", KEY)

    assert done.returncode == 5
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        "strongroom: error: that key has no session",
        "strongroom: hint: `strongroom sessions list` shows which have",
    ]


def test_an_unknown_variable_ends_with_2_and_the_nearest_name(home):
    done = home.run("status", env={"STRONGROOM_STATE_DIRR": "/elsewhere"})

    assert done.returncode == 2
    assert b"did you mean STRONGROOM_STATE_DIR?" in done.stderr
    assert not home.state.exists()


def test_a_wrong_key_ends_with_8_before_anything_is_written(moved_home):
    right = moved_home.ask("status")["key"]["fingerprint"]
    moved_home.key_file.write_bytes(base64.b64encode(bytes(32)))
    before = moved_home.everything()

    done = moved_home.run("secrets", "set", "plain", stdin=b"value")

    assert done.returncode == 8
    assert right.encode() in done.stderr
    assert fingerprint(bytes(32)).encode() in done.stderr
    assert moved_home.everything() == before


def test_a_file_that_is_no_database_ends_with_8_and_no_traceback(home):
    home.state.mkdir(parents=True)
    home.database.write_bytes(b"no database" * 100)

    done = home.run("status")

    assert done.returncode == 8
    assert b"Traceback" not in done.stderr


def test_a_reader_that_went_away_is_no_story(moved_home):
    with moved_home.start("secrets", "list", stdout=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()

    assert said == b""
    assert process.returncode == 1


def test_an_interrupt_while_waiting_ends_with_130(home):
    with (
        FileLock(home.state / LOCK_NAME).hold(patience_ms=0),
        home.start("sessions", "list", stdout=subprocess.DEVNULL) as process,
    ):
        assert b"waiting for it" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert process.returncode == 130
    assert said.strip() == b"strongroom: error: interrupted"


def test_a_second_process_waits_for_the_first(home):
    with FileLock(home.state / LOCK_NAME).hold(patience_ms=0):
        process = home.start("sessions", "list", "--json", "--progress", "json", stdout=subprocess.PIPE)
        note = json.loads(process.stderr.readline())
    with process:
        listed = json.loads(process.stdout.read())

    assert note["event"] == "note"
    assert (process.returncode, listed) == (0, [])


def test_a_process_that_waited_in_vain_ends_with_7(home, monkeypatch):
    monkeypatch.setattr("app.usecases.unlock.LOCK_PATIENCE_MS", 20)

    with FileLock(home.state / LOCK_NAME).hold(patience_ms=0):
        result = home.call("sessions", "list", "--json")

    assert result.exit_code == 7
    assert json.loads(result.stdout)["error"]["code"] == "busy"
    assert not home.database.exists()


def test_a_secret_typed_at_a_terminal_is_asked_for_twice_and_not_shown(home):
    code, screen = home.at_terminal(
        "secrets", "set", "plain", dialogue=[("value of plain", "hunter2\n"), ("once more", "hunter2\n")]
    )

    assert code == 0
    assert "hunter2" not in screen
    assert home.ask("secrets", "get", "plain")["value"] == "hunter2"


# Ctrl-D, not Ctrl-C: Python's input() forgets an interrupt that comes in while it flushes.
@pytest.mark.parametrize(("typed", "expected"), [("penpot_api_token\n", 0), ("another\n", 2), ("\x04", 130)])
def test_a_person_types_the_name_of_what_is_deleted(moved_home, typed, expected):
    code, _ = moved_home.at_terminal("secrets", "delete", "penpot_api_token", dialogue=[("to go on", typed)])

    assert code == expected
    assert (moved_home.call("secrets", "get", "penpot_api_token").exit_code == 5) == (expected == 0)


def test_serving_answers_until_it_is_told_to_stop(old_home):
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with old_home.start("serve", "--port", str(port), stdout=subprocess.PIPE) as process:
        said = b""
        while b"listening" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10) as answer:
            status = answer.status
        process.send_signal(signal.SIGTERM)
        said += process.stderr.read()
        shown = process.stdout.read()

    assert (status, process.returncode) == (200, 0)
    assert SENTINEL.encode() not in said + shown
    assert GITLAB_ACCESS not in str(old_home.everything().values())
