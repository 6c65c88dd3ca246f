"""Who is waited for at the end, and when the process is ended from outside of what hangs."""

import signal
import threading

import pytest

from app.http import ending as room
from app.http.ending import GRACE_S, LAST_S, REFRESH_GRACE_S, Ending

LONG_S = 3_600


class Process:
    """Notes what an `Ending` does with it."""

    def __init__(self, *, grace_s=0.0):
        self.ordered, self.left = threading.Event(), threading.Event()
        self.settling, self.settled = threading.Event(), threading.Event()
        self.code = None
        self.patience = []
        self.ending = Ending(on_order=self.ordered.set, settle=self.settle, leave=self.leave, grace_s=grace_s)

    def settle(self, patience_s):
        self.patience.append(patience_s)
        self.settling.set()
        assert self.settled.wait(30)

    def leave(self, code):
        self.code = code
        self.left.set()


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(room, "LAST_S", 0)


def guard():
    return next(thread for thread in threading.enumerate() if thread.name == "ending")


def test_the_end_comes_within_ten_seconds_and_a_refresh_has_what_a_forge_is_given():
    assert GRACE_S + 2 * LAST_S < 10
    assert GRACE_S + LAST_S + 15 < REFRESH_GRACE_S


def test_what_does_not_end_in_time_is_left():
    process = Process()
    process.settled.set()

    with process.ending:
        process.ending.order(signal.SIGTERM)

        assert process.left.wait(30)

    assert process.ordered.is_set()
    assert process.code == 0


def test_an_interrupt_leaves_with_130_whatever_comes_later():
    process = Process()
    process.settled.set()

    with process.ending:
        process.ending.order(signal.SIGINT)
        process.ending.order(signal.SIGTERM)
        assert process.left.wait(30)

    assert process.code == process.ending.exit_code == 130


def test_what_ends_in_time_is_not_left():
    process = Process(grace_s=LONG_S)

    with process.ending:
        watching = guard()
        process.ending.order()
        assert process.ordered.wait(30)

    watching.join(30)
    assert not watching.is_alive()
    assert not process.left.is_set()


def test_without_an_order_nothing_is_left_and_nobody_told():
    process = Process()

    with process.ending:
        watching = guard()

    watching.join(30)
    assert not watching.is_alive()
    assert not process.ordered.is_set()
    assert not process.left.is_set()


def test_a_second_order_is_not_waited_out():
    process = Process(grace_s=LONG_S)
    process.settled.set()

    with process.ending:
        process.ending.order(signal.SIGTERM)
        assert 0 < process.ending.remaining() <= LONG_S
        process.ending.urge()

        assert process.ending.remaining() == 0
        assert process.left.wait(30)


def test_no_urge_cuts_a_refresh_short():
    process = Process(grace_s=LONG_S)

    with process.ending:
        process.ending.order(signal.SIGTERM)
        process.ending.urge()
        process.ending.urge()
        assert process.settling.wait(30)
        assert not process.left.is_set()
        process.settled.set()

        assert process.left.wait(30)


def test_a_thread_that_was_begun_is_waited_for_and_one_that_was_there_is_not():
    release = threading.Event()
    there = threading.Thread(target=release.wait, args=(30,))
    there.start()
    process = Process(grace_s=LONG_S)
    begun = threading.Thread(target=lambda: None)
    begun.start()

    assert process.ending.threads_end()
    assert there.is_alive()
    assert not begun.is_alive()
    release.set()


def test_a_thread_that_does_not_end_is_said_and_a_daemon_does_not_count():
    release = threading.Event()
    process = Process()
    daemon = threading.Thread(target=release.wait, args=(30,), daemon=True)
    daemon.start()
    with_a_daemon = process.ending.threads_end()
    stuck = threading.Thread(target=release.wait, args=(30,))
    stuck.start()

    assert with_a_daemon
    assert not process.ending.threads_end()
    release.set()


def test_one_clock_runs_for_everybody(mocker):
    clock = mocker.patch.object(room.time, "monotonic", return_value=1_000.0)
    process = Process(grace_s=10)
    process.settled.set()

    before = process.ending.remaining()
    process.ending.order()
    clock.return_value = 1_004.0
    during = process.ending.remaining()
    process.ending.order()
    process.ending.settle()
    clock.return_value = 1_100.0
    process.ending.settle()

    assert (before, during, process.ending.remaining()) == (10, 6, 0)
    assert process.patience == [REFRESH_GRACE_S - 4, 0]
