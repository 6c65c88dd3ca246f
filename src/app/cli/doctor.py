"""`strongroom doctor`: is all well, and if not, what can be done."""

from itertools import groupby
from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without it
    from collections.abc import Iterator, Sequence

    from domain.doctor import Check

_MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command("doctor", cls=Command, epilog=example("strongroom doctor", "strongroom doctor --deep"))
@click.option("--deep", is_flag=True, help="Open every value, and search our files for each in the clear.")
@click.pass_context
def command(ctx: click.Context, *, deep: bool) -> None:
    """Check everything, and say what to do about what is not well. Writes nothing.

    Exit codes: 0 all well, 10 warnings only, 8 the key or a stored value is bad, 1 any other failure.
    """
    from dataclasses import asdict

    from app.boot import examine
    from app.cli.exits import doctor_code
    from app.cli.opening import settings
    from app.cli.output import emit
    from app.cli.progress import asked_for

    checks = examine(settings(), asked_for(), deep=deep)
    emit({"checks": [asdict(check) for check in checks]}, as_text(checks))
    ctx.exit(doctor_code(checks))


def as_text(checks: "Sequence[Check]") -> "Iterator[str]":
    """Give a line a check, and behind several with the same advice that advice, once."""
    for advice, group in groupby(checks, key=lambda check: check.advice):
        yield from (f"{_MARKS[check.status]}  {check.name}: {check.detail}" for check in group)
        if advice:
            yield f"      {advice}"
