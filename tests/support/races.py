"""Several workers at once, all started on one barrier."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

THREADS = 8
PROCESSES = 4
_PATIENCE_S = 60

T = TypeVar("T")
_barriers: list[Barrier] = []


def in_threads(work: Callable[[int], T], *, count: int = THREADS) -> list[T]:
    """Call `work(0)`, `work(1)` … at once, each in a thread; a fault in one is raised here."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        barrier.wait(_PATIENCE_S)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def in_processes(work: Callable[[int], T], *, count: int = PROCESSES) -> list[T]:
    """Call `work(0)`, `work(1)` … at once, each in a fresh process; `work` must be picklable."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(count)
    with ProcessPoolExecutor(count, mp_context=context, initializer=_know, initargs=(barrier,)) as pool:
        return list(pool.map(partial(_behind_the_barrier, work), range(count)))


def _know(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _behind_the_barrier(work: Callable[[int], T], number: int) -> T:
    _barriers[0].wait(_PATIENCE_S)
    return work(number)
