"""`strongroom doctor`: is all well, and if not, what can be done."""

from itertools import groupby
from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without it
    from collections.abc import Iterator, Sequence

    from domain.doctor import Check

_MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command(
    "doctor", cls=Command, epilog=example("strongroom doctor", "strongroom doctor --deep", "strongroom doctor --fix")
)
@click.option("--deep", is_flag=True, help="Open every value, and search our files for each in the clear.")
@click.option("--fix", is_flag=True, help="First mend what can be mended safely: permissions, half a backup.")
@click.pass_context
def command(ctx: click.Context, *, deep: bool, fix: bool) -> None:
    """Check everything, and say what to do about what is not well. Without --fix it writes nothing.

    Exit codes: 0 all well, 10 warnings only, 8 the key or a stored value is bad, 1 any other failure.
    """
    from dataclasses import asdict

    from app.boot import examine, mend
    from app.cli.exits import doctor_code
    from app.cli.opening import settings
    from app.cli.output import emit
    from app.cli.progress import asked_for

    given = settings()
    fixed = mend(given) if fix else []
    checks = examine(given, asked_for(), deep=deep)
    emit(
        {"checks": [asdict(check) for check in checks], **({"fixed": fixed} if fix else {})},
        [*(f"fixed {each}" for each in fixed), *as_text(checks)],
    )
    ctx.exit(doctor_code(checks))


def as_text(checks: "Sequence[Check]") -> "Iterator[str]":
    """Give a line a check, and behind several with the same advice that advice, once."""
    for advice, group in groupby(checks, key=lambda check: check.advice):
        yield from (f"{_MARKS[check.status]}  {check.name}: {check.detail}" for check in group)
        if advice:
            yield f"      {advice}"
