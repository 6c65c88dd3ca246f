"""`strongroom migrate`: the old files into the database."""

from typing import TYPE_CHECKING

import click

from app.cli.options import Command, Word, example

if TYPE_CHECKING:  # `--help` does without it
    from domain.migrations import MigrationReport, Preference


@click.command(
    "migrate", cls=Command, epilog=example("strongroom migrate --dry-run", "strongroom migrate --prefer database")
)
@click.option("--dry-run", is_flag=True, help="Say what would become of each file, and write nothing at all.")
@click.option("--accept-partial", is_flag=True, help="Leave the bad records of sessions.json behind.")
@click.option("--prefer", type=Word(["database", "file"]), help="Whose value wins where both have one.")
@click.pass_context
def command(ctx: click.Context, prefer: str | None, *, dry_run: bool, accept_partial: bool) -> None:
    """Move the old files into the database."""
    from app.cli.exits import ATTENTION
    from app.cli.migration_report import as_text
    from app.cli.output import emit
    from app.documents import migration_report
    from domain.migrations import Preference

    preference = Preference(prefer) if prefer else None
    report = _report(preference, dry_run=dry_run, accept_partial=accept_partial)
    emit(migration_report(report), as_text(report))
    if report.attention:
        ctx.exit(ATTENTION)


def _report(prefer: "Preference | None", *, dry_run: bool, accept_partial: bool) -> "MigrationReport":
    from app import boot
    from app.cli.opening import service, settings
    from app.cli.progress import asked_for

    if dry_run:
        return boot.plan(settings(), asked_for(), accept_partial=accept_partial, prefer=prefer)
    with service() as opened:
        return boot.migrate(opened, accept_partial=accept_partial, prefer=prefer)
