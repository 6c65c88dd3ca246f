"""A command in the foreground: its exit code, its signals, its terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

PATIENCE_S = 20
PROGRAM = """
import os, signal, sys, time
from app.cli.foreground import run, signals_waiting
look = os.waitpid
if os.environ.get("SLOW"):  # so that what would be passed on comes once the command is through with the first
    os.waitpid = lambda *which: (time.sleep(0.1), look(*which))[1]
with signals_waiting() as blocked:
    if os.environ.get("EARLY"):
        os.kill(os.getpid(), int(os.environ["EARLY"]))
    code = run(sys.argv[1:], os.environ, blocked)
print("cleared up", flush=True)
sys.exit(code)
"""
COUNTS_INTERRUPTS = "trap 'echo interrupted' INT; echo ready; until read line; do :; done; echo end of $line"


def call(*command, stdin=b"", **environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -KILL $$"], 128 + signal.SIGKILL),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
        (["no-such-command"], 127),
        (["/"], 126),
    ],
    ids=str,
)
def test_the_exit_code_is_the_commands_and_there_is_clearing_up(command, code):
    done = call(*command)

    assert (done.returncode, done.stdout) == (code, b"cleared up\n")


def test_what_is_typed_goes_to_the_command():
    assert call("cat", stdin=b"typed").stdout == b"typedcleared up\n"


def test_why_a_command_cannot_be_run_is_said_and_not_which():
    said = call("no-such-command").stderr
    assert b"the command cannot be run: No such file" in said
    assert b"no-such-command" not in said


def test_the_end_of_a_command_is_heard_where_nobody_wanted_to_hear_of_children():
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", ignoring, sys.executable, "-c", PROGRAM, "sh", "-c", "exit 7"]

    assert subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False).returncode == 7


def test_a_signal_that_comes_too_early_waits_for_the_command():
    done = call("sleep", "30", EARLY=str(int(signal.SIGTERM)))

    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, b"cleared up\n")


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1"])
def test_a_signal_is_passed_on_and_its_effect_waited_for(name):
    script = f"trap 'echo got; exit 5' {name}; echo ready; while :; do sleep 0.02; done"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "sh", "-c", script], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(getattr(signal, f"SIG{name}"))
            said = process.stdout.read()
            code = process.wait(PATIENCE_S)
        finally:
            process.kill()

    assert (code, said) == (5, b"got\ncleared up\n")


def test_an_interrupt_at_the_terminal_reaches_the_command_once():
    master, slave = pty.openpty()
    on_terminal = partial(os.login_tty, slave)
    command = [sys.executable, "-c", PROGRAM, "sh", "-c", COUNTS_INTERRUPTS]
    environ = {**os.environ, "SLOW": "1"}
    with subprocess.Popen(command, env=environ, preexec_fn=on_terminal) as process:  # noqa: PLW1509 - no threads here
        os.close(slave)
        try:
            screen = Screen(master)
            screen.read_until(b"ready")
            os.write(master, b"\x03")
            screen.read_until(b"interrupted")
            time.sleep(0.5)  # nothing tells that nothing happens
            os.write(master, b"lines\n")
            between = screen.read_until(b"end of lines")
            screen.read_until(b"cleared up")
        finally:
            os.close(master)
            process.kill()

    assert b"interrupted" not in between


class Screen:
    """What a terminal shows, read bit by bit."""

    def __init__(self, master):
        self.master = master
        self.unread = b""

    def read_until(self, awaited):
        """Return what is shown before `awaited`; what comes behind it is for the next time."""
        while awaited not in self.unread:
            assert select.select([self.master], [], [], PATIENCE_S)[0], self.unread
            self.unread += os.read(self.master, 4_096)
        before, _, self.unread = self.unread.partition(awaited)
        return before
