"""One holder at a time, among threads and processes, and no longer than its process lives."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest

from adapters.filesystem import FileLock
from domain.errors import Busy, DatabaseUnusable
from tests.support.races import in_processes, in_threads

ROUNDS = 25
HOLDER = """
import sys
from pathlib import Path
from adapters.filesystem import FileLock
with FileLock(Path(sys.argv[1])).hold(patience_ms=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "agents.db.lock"


@contextmanager
def held_elsewhere(path):
    """Let another process hold the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            yield holder
        finally:
            holder.kill()


def count_up(path, _worker):
    """Add one to a number in a file, again and again, which loses counts without a lock."""
    number = path.with_name("number")
    for _ in range(ROUNDS):
        with FileLock(path).hold(patience_ms=60_000):
            number.write_text(str(int(number.read_text()) + 1))


def test_a_free_lock_is_held_without_waiting(path):
    waits = []

    with FileLock(path).hold(patience_ms=0, on_wait=lambda: waits.append(1)):
        assert path.read_text() == str(os.getpid())

    assert waits == []


def test_the_file_is_private_and_stays(path):
    with FileLock(path).hold(patience_ms=0):
        pass

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b""


def test_a_lock_is_free_again_after_a_fault_inside(path):
    lock = FileLock(path)
    with pytest.raises(ZeroDivisionError), lock.hold(patience_ms=0):
        raise ZeroDivisionError

    with lock.hold(patience_ms=0):
        pass


def test_a_held_lock_is_busy_and_names_the_process(path):
    waits = []
    with (
        held_elsewhere(path) as holder,
        pytest.raises(Busy) as caught,
        FileLock(path).hold(patience_ms=20, on_wait=lambda: waits.append(1)),
    ):
        pass

    assert f"process {holder.pid} holds" in caught.value.message
    assert caught.value.advice
    assert waits == [1]


def test_a_nameless_holder_is_another_process(path):
    lock = FileLock(path)
    with lock.hold(patience_ms=0):
        path.write_bytes(b"\xff\x00")
        with pytest.raises(Busy, match="another process holds"), lock.hold(patience_ms=0):
            pass


def test_patience_has_an_end(path):
    lock = FileLock(path)
    with lock.hold(patience_ms=0):
        begin = time.monotonic()
        with pytest.raises(Busy), lock.hold(patience_ms=120):
            pass

    assert 0.12 <= time.monotonic() - begin < 5


def test_a_killed_holder_lets_go_at_once(path):
    with held_elsewhere(path) as holder:
        holder.send_signal(signal.SIGKILL)

        with FileLock(path).hold(patience_ms=1_000):
            assert path.read_text() == str(os.getpid())


def test_who_waits_is_told_once_and_comes_next(path):
    lock = FileLock(path)
    held, done = threading.Event(), threading.Event()
    waits = []

    def hold():
        with lock.hold(patience_ms=0):
            held.set()
            done.wait(30)

    def on_wait():
        waits.append(1)
        done.set()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    with lock.hold(patience_ms=30_000, on_wait=on_wait):
        holder.join(30)

    assert waits == [1]


def test_threads_exclude_one_another(path):
    path.parent.mkdir()
    path.with_name("number").write_text("0")

    workers = in_threads(partial(count_up, path))

    assert path.with_name("number").read_text() == str(len(workers) * ROUNDS)


def test_processes_exclude_one_another(path):
    path.parent.mkdir()
    path.with_name("number").write_text("0")

    workers = in_processes(partial(count_up, path))

    assert path.with_name("number").read_text() == str(len(workers) * ROUNDS)


def test_a_child_that_was_started_meanwhile_does_not_keep_the_lock(path):
    lock = FileLock(path)
    with lock.hold(patience_ms=0):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with lock.hold(patience_ms=0):
            pass
    finally:
        child.communicate(b"\n")


def test_a_lock_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "state").write_bytes(b"")

    with (
        pytest.raises(DatabaseUnusable, match=r"agents\.db\.lock"),
        FileLock(tmp_path / "state" / "agents.db.lock").hold(patience_ms=0),
    ):
        pass


def test_a_link_is_not_followed(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DatabaseUnusable), FileLock(path).hold(patience_ms=0):
        pass

    assert not (tmp_path / "elsewhere").exists()
