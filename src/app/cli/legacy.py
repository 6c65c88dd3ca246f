"""`strongroom legacy`: the way back to the old version."""

from pathlib import Path

import click

from app.cli.options import Group, example

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
def restore(directory: Path) -> None:
    """Write every removed file back, byte for byte, into a new directory."""
    from app.cli.opening import service
    from app.cli.output import counted, emit, warn
    from app.container import directory_sink

    directory = directory.absolute()
    warn(_LAID_OPEN.format(directory))
    with service() as opened:
        refs = opened.restore_legacy_files()(directory_sink(directory))
    files = [f"{ref.root.value}/{ref.shown}" for ref in refs]
    emit({"directory": str(directory), "files": files}, [*files, f"{counted(len(files), 'file')} in {directory}"])


@command.command("export", epilog=example("strongroom legacy export /run/user/1000/old-files"))
@directory_argument
def export(directory: Path) -> None:
    """Write today's values in the formats of the old version, into a new directory."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import counted, emit, warn
    from app.container import directory_sink, file_stores

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
    emit({"directory": str(directory), **asdict(done)}, [*left_out, f"{', '.join(counts)} in {directory}"])
