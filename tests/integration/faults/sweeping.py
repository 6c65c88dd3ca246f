"""Going through the points of a job: each in a fresh copy of the home, the next already running while one is judged."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.integration.faults.homes import Home
from tests.integration.faults.jobs import Job
from tests.integration.faults.tracing import Ended, Point, counted

P = TypeVar("P")
_AT_ONCE = 2


def template(job: Job, place: Path) -> tuple[Home, list[Point]]:
    """Build the job's home, and count its points in a copy of it."""
    home = job.build(place / "template")
    copy = home.copied_to(place / "counting")
    try:
        return home, counted(job, copy, place / "counting.log")
    finally:
        shutil.rmtree(copy.root)


def swept(
    home: Home, points: Sequence[P], place: Path, run: Callable[[Home, Path, P], Ended]
) -> Iterator[tuple[P, Home, Ended]]:
    """Give each point with its home after the fault. The home is removed when the next is asked for."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: list[tuple[P, Home, Future[Ended]]] = []
        for number, point in enumerate(points):
            copy = home.copied_to(place / f"{number:05}")
            waiting.append((point, copy, pool.submit(run, copy, place / f"{number:05}.log", point)))
            if len(waiting) > _AT_ONCE:
                yield from _judged(waiting.pop(0))
        while waiting:
            yield from _judged(waiting.pop(0))


def _judged(next_one: tuple[P, Home, Future[Ended]]) -> Iterator[tuple[P, Home, Ended]]:
    point, home, future = next_one
    yield point, home, future.result()
    shutil.rmtree(home.root)


def after_a_fault(job: Job, home: Home, point: object) -> None:
    """Hold a job's invariants against a home; what does not hold is told with the point."""
    for check in (*job.at_once, *job.afterwards):
        try:
            check(home)
        except Exception as fault:
            raise AssertionError(f"{job.name}, {point}: {check.__name__}: {fault}") from fault
