"""How a command that failed ends: one message, with the next step where there is one, and an exit code."""

import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import click

from app.cli.exits import FAILURE, INTERRUPTED, USAGE, exit_code
from app.cli.output import complain
from domain.errors import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is said of a fault, and the exit code."""

    code: str
    message: str
    advice: str | None = None
    exit_code: int = FAILURE


def end(error: BaseException, *, as_json: bool) -> int:
    """Say what went wrong, and return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return USAGE
    failure = _understood(error)
    complain(failure.code, failure.message, failure.advice, as_json=as_json)
    if failure.code == "internal" and os.environ.get("STRONGROOM_LOG_LEVEL") == "debug":
        click.echo("".join(_traced(error)), err=True, nl=False)
    return failure.exit_code


def _traced(error: BaseException) -> Iterator[str]:
    """Show where a fault came from, causes first. What they say stays out: it may quote a secret."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _traced(before)
        yield "\nwhich led to:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__}\n"


def _understood(error: BaseException) -> Failure:
    if isinstance(error, DomainError):
        return Failure(code=error.code, message=error.message, advice=error.advice, exit_code=exit_code(error))
    if isinstance(error, click.UsageError):
        return Failure(code="usage", message=error.format_message(), advice=_usage_advice(error), exit_code=USAGE)
    if isinstance(error, click.ClickException):
        return Failure(code="failure", message=error.format_message())
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Failure(code="interrupted", message="interrupted", exit_code=INTERRUPTED)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return Failure(code="failure", message=f"{place}{error.strerror}")
    return _internal(error)


def _usage_advice(error: click.UsageError) -> str | None:
    advice = getattr(error, "advice", None)
    if advice is None and error.ctx is not None:
        return f"see `{error.ctx.command_path} --help`"
    return advice


def _internal(error: BaseException) -> Failure:
    """Name the kind and the place of a fault that nobody foresaw; what it says may hold a value."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return Failure(
        code="internal",
        message=f"internal error: {type(error).__name__}{place}",
        advice="STRONGROOM_LOG_LEVEL=debug shows where it came from; please report it",
    )
