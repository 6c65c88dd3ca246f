"""`strongroom legacy`: the way back to the old version."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import Group, example

if TYPE_CHECKING:
    from app.usecases.restore_legacy_files import LeftBehind

_LAID_OPEN = "secrets go into {} as plain text; remove it when you are done"

directory_argument = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))


@click.group(
    "legacy",
    cls=Group,
    epilog=example("strongroom legacy archive", "strongroom legacy restore /run/user/1000/old-files"),
)
def command() -> None:
    """The way back: old files as they were, or written anew."""


@command.command("archive", epilog=example("strongroom legacy archive"))
def list_archive() -> None:
    """List the removed files whose bytes are still kept."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from domain.instants import format_instant

    with service() as opened:
        files = opened.archive().contents()
    shown = [
        {
            "file": file.ref.shown,
            "root": file.ref.root.value,
            "bytes": file.bytes,
            "mode": f"{file.mode:04o}",
            "modified_at": file.mtime_ns // 1_000_000,
            "archived_at": file.archived_at,
        }
        for file in files
    ]
    rows = ((f"{f.ref.root.value}/{f.ref.shown}", f"{f.bytes:,}", format_instant(f.archived_at)) for f in files)
    emit(shown, aligned(rows, header=("FILE", "BYTES", "ARCHIVED")))


@command.command("restore", epilog=example("strongroom legacy restore /run/user/1000/old-files"))
@directory_argument
@click.pass_context
def restore(ctx: click.Context, directory: Path) -> None:
    """Write every removed file back, byte for byte, into a new directory."""
    from app.cli.opening import service
    from app.cli.output import counted, emit, warn
    from app.container.filing import directory_sink

    directory = directory.absolute()
    warn(_LAID_OPEN.format(directory))
    with service() as opened:
        restored = opened.restore_legacy_files()(directory_sink(directory))
    files = [f"{ref.root.value}/{ref.shown}" for ref in restored.written]
    emit(
        {"directory": str(directory), "files": files, "damaged": _as_members(restored.damaged, key="file")},
        [*files, f"{counted(len(files), 'file')} in {directory}"],
    )
    _exit_for(ctx, restored.damaged)


@command.command("export", epilog=example("strongroom legacy export /run/user/1000/old-files"))
@directory_argument
@click.pass_context
def export(ctx: click.Context, directory: Path) -> None:
    """Write today's values in the formats of the old version, into a new directory."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import counted, emit, warn
    from app.container.filing import directory_sink, file_stores

    directory = directory.absolute()
    warn(_LAID_OPEN.format(directory))
    with service() as opened:
        stores = file_stores(directory, opened.clock())
        done = opened.export_legacy_files()(directory_sink(directory), stores)
    counts = (
        counted(done.sessions, "session"),
        counted(done.secrets, "token"),
        counted(done.oauth_tokens, "OAuth token"),
    )
    left_out = [f"left out, for the old version has no file for it: {name}" for name in done.left_out]
    emit(
        {"directory": str(directory), **asdict(done), "damaged": _as_members(done.damaged, key="name")},
        [*left_out, f"{', '.join(counts)} in {directory}"],
    )
    _exit_for(ctx, done.damaged)


def _as_members(damaged: "Sequence[LeftBehind]", *, key: str) -> list[dict[str, str | None]]:
    return [{key: d.name, "code": d.code, "message": d.message, "advice": d.advice} for d in damaged]


def _exit_for(ctx: click.Context, damaged: "Sequence[LeftBehind]") -> None:
    """Warn of what was not written, and end as damage ends; go on where there is none."""
    from app.cli.exits import EXIT_CODES
    from app.cli.output import warn
    from domain.errors import Integrity

    for each in damaged:
        warn(f"{each.name} is not written: {each.message}{f' ({each.advice})' if each.advice else ''}")
    if damaged:
        ctx.exit(EXIT_CODES[Integrity])
