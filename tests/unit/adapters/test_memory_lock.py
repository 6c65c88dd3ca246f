"""The lock between threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.memory import MemoryLock
from domain.errors import Busy
from tests.support.races import THREADS, in_threads


def test_a_free_lock_is_held_without_waiting():
    waited = []

    with MemoryLock().hold(patience_ms=0, on_wait=lambda: waited.append(1)):
        pass

    assert waited == []


def test_a_held_lock_is_busy_after_our_patience_and_says_once_that_we_wait():
    lock, waited = MemoryLock(), []

    with lock.hold(patience_ms=0), pytest.raises(Busy), lock.hold(patience_ms=20, on_wait=lambda: waited.append(1)):
        pass

    assert waited == [1]


def test_who_waits_gets_the_lock_when_it_is_let_go():
    lock, waiting = MemoryLock(), threading.Event()

    def wait():
        with lock.hold(patience_ms=10_000, on_wait=waiting.set):
            return "got it"

    with ThreadPoolExecutor(1) as pool:
        with lock.hold(patience_ms=0):
            waiter = pool.submit(wait)
            assert waiting.wait(10)
            assert not waiter.done()

        assert waiter.result(10) == "got it"


def test_a_fault_inside_lets_go_of_the_lock():
    lock = MemoryLock()

    with pytest.raises(LookupError), lock.hold(patience_ms=0):
        raise LookupError
    with lock.hold(patience_ms=0):
        pass


def test_one_thread_at_a_time_is_inside():
    lock, inside, most = MemoryLock(), [], []

    def work(number):
        with lock.hold(patience_ms=30_000):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    in_threads(work)

    assert most == [1] * THREADS
