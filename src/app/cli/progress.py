"""How far a long job is, shown on standard error: a bar for a person, JSON Lines for a program, or notes alone."""

import json
import os
import sys
import time
from collections.abc import Callable

import click
from typing_extensions import override

from app.cli.options import PROGRESS
from domain.ports import Progress

_REDRAWN_EVERY_S = 0.1
_SHOWN_FROM = 1_000
_WIDTH = 30
_CLEARED = "\r\x1b[K"

Clock = Callable[[], float]


def asked_for() -> Progress:
    """Return the progress that the running command was asked for."""
    choice = click.get_current_context().meta.get(PROGRESS, "bar")
    if choice == "json":
        return JsonLines()
    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Bar() if choice == "bar" and terminal else Notes()


class Pace:
    """Lets through the first report of a stage, its last, and between them ten a second."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._next = 0.0
        self._began = 0.0, 0

    def lets_through(self, stage: str, done: int, total: int) -> bool:
        """Tell whether this report is to be shown."""
        now = self._clock()
        if stage != self._stage:
            self._began = now, done
        elif done < total and now < self._next:
            return False
        self._stage, self._next = stage, now + _REDRAWN_EVERY_S
        return True

    def measured(self, done: int, total: int) -> tuple[float, float]:
        """Return steps a second since the stage began, and the seconds that are left at that rate; or zeros."""
        began, already = self._began
        elapsed = self._clock() - began
        rate = (done - already) / elapsed if elapsed > 0 else 0.0
        return (rate, (total - done) / rate) if rate else (0.0, 0.0)


class Notes(Progress):
    """Says what a person who waits should know, and nothing of how far we are."""

    @override
    def report(self, stage: str, done: int, total: int) -> None:
        pass

    @override
    def note(self, message: str) -> None:
        click.echo(f"strongroom: {message}", err=True)


class Bar(Progress):
    """A line that is drawn over and over while a long stage runs, and gone when it ends."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._pace = Pace(clock)
        self._drawn = False

    @override
    def report(self, stage: str, done: int, total: int) -> None:
        if done >= total or total <= _SHOWN_FROM:
            self._clear()
        elif self._pace.lets_through(stage, done, total):
            full = _WIDTH * done // total
            bar = "#" * full + "-" * (_WIDTH - full)
            rate, rest = self._pace.measured(done, total)
            speed = f", {rate:,.0f}/s, {rest:,.0f} s left" if rate else ""
            click.echo(f"{_CLEARED}{stage} [{bar}] {done:,} of {total:,}{speed}", err=True, nl=False, color=True)
            self._drawn = True

    @override
    def note(self, message: str) -> None:
        self._clear()
        click.echo(f"strongroom: {message}", err=True)

    def _clear(self) -> None:
        if self._drawn:
            click.echo(_CLEARED, err=True, nl=False, color=True)
            self._drawn = False


class JsonLines(Progress):
    """`{"event": "progress", "stage", "done", "total", "rate", "rest"}` and `{"event": "note", "message"}`, one a line.

    `rate` is in steps a second, `rest` in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._pace = Pace(clock)

    @override
    def report(self, stage: str, done: int, total: int) -> None:
        if self._pace.lets_through(stage, done, total):
            rate, rest = self._pace.measured(done, total)
            counts = {"done": done, "total": total, "rate": round(rate), "rest": round(rest)}
            _print({"event": "progress", "stage": stage, **counts})

    @override
    def note(self, message: str) -> None:
        _print({"event": "note", "message": message})


def _print(event: dict[str, object]) -> None:
    click.echo(json.dumps(event), err=True)
