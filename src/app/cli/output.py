"""Results on standard output, as text or as one JSON document; everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence

import click

from app.cli.options import JSON


def emit(document: object, text: str | Iterable[str] = ()) -> None:
    """Print a command's result: `document` with `--json`, otherwise `text`, a string or lines."""
    if wants_json():
        emit_json(document)
        return
    lines = [text] if isinstance(text, str) else list(text)
    if lines:
        click.echo("\n".join(lines))


def wants_json() -> bool:
    """Tell whether the running command was called with `--json`."""
    return bool(click.get_current_context().meta.get(JSON))


def say(message: str) -> None:
    """Tell the person something beside the result."""
    click.echo(message, err=True)


def warn(message: str) -> None:
    """Tell the person something that he should not overlook."""
    click.echo(f"strongroom: warning: {message}", err=True)


def complain(code: str, message: str, advice: str | None, *, as_json: bool) -> None:
    """Say what went wrong: with `--json` that is the one document, without it two lines on standard error."""
    if as_json:
        emit_json({"error": {"code": code, "message": message, "advice": advice}})
        return
    click.echo(f"strongroom: error: {message}", err=True)
    if advice:
        click.echo(f"strongroom: hint: {advice}", err=True)


def aligned(rows: Iterable[Sequence[object]], *, header: Sequence[str] | None = None) -> list[str]:
    """Lay out rows in columns, each as wide as its widest cell; None is an empty cell."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if header and cells:
        cells.insert(0, list(header))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def counted(number: int, what: str) -> str:
    """Count things: `1 file`, `2 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def emit_json(document: object) -> None:
    """Print `document`, asked for by `--json` or not."""
    click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
