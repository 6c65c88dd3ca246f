"""How many of the points are run: all with FAULTS=all, else a sample that is the same each time."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

ALL = os.environ.get("FAULTS") == "all"


def chosen(points: Sequence[T], at_most: int, *, matters: Callable[[T], bool] = lambda _point: False) -> list[T]:
    """Take the first point, the last, those that matter with their neighbours, and the rest evenly spaced.

    Where too many matter, those are evenly spaced, too, in two thirds of the room.
    """
    if ALL or len(points) <= at_most:
        return list(points)
    last = len(points) - 1
    near = {n + step for n, point in enumerate(points) if matters(point) for step in (-1, 0, 1)} - {-1, last + 1}
    taken = {0, last} | set(_even(sorted(near), at_most * 2 // 3))
    others = [n for n in range(len(points)) if n not in taken]
    return [points[n] for n in sorted(taken | set(_even(others, at_most - len(taken))))]


def _even(numbers: list[int], count: int) -> list[int]:
    """Take `count` of them, at equal distances, the first and the last included."""
    if count >= len(numbers):
        return numbers
    if count < 2:
        return numbers[:count]
    return [numbers[n * (len(numbers) - 1) // (count - 1)] for n in range(count)]
