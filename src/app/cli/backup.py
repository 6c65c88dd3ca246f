"""`strongroom backup`: copies of the database that restore."""

from typing import TYPE_CHECKING

import click

from app.cli.backup_elsewhere import fetch, push
from app.cli.backup_restore import rehearse, restore, verify
from app.cli.options import Group, example

if TYPE_CHECKING:  # `--help` does without it
    from collections.abc import Iterator

    from domain.backups import Backup
    from domain.retention import RetentionPlan


@click.group(
    "backup",
    cls=Group,
    epilog=example("strongroom backup create", "strongroom backup restore agents.db.bak-20261124T120000Z --dry-run"),
)
def command() -> None:
    """Backups: made, verified, restored, pruned, pushed elsewhere.

    A backup holds all that the service owns. The master key is not in it: keep that elsewhere (`keys kit`).
    """


for each in (verify, restore, rehearse, push, fetch):
    command.add_command(each)


@command.command("create", epilog=example("strongroom backup create"))
def create() -> None:
    """Make a backup beside whatever is going on, check it, and open everything in it."""
    from app.cli.opening import service
    from app.cli.output import counted, emit
    from app.documents import backup_document

    with service() as opened:
        made = opened.backups().create()
        where = opened.settings().backup_dir / made.file
    values = counted(sum(made.rows_by_key.values()), "value")
    emit(backup_document(made), f"{where}: {made.bytes:,} bytes, verified, {values} opened")


@command.command("list", epilog=example("strongroom backup list", "strongroom backup list --off-site"))
@click.option("--off-site", is_flag=True, help="Those that are off-site, by name.")
def list_backups(*, off_site: bool) -> None:
    """List the backups, newest first, by what their manifests say."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.documents import backup_document

    if off_site:
        with service() as opened:
            copies = opened.offsite().list()
        rows = [(copy.file, f"{copy.bytes:,}", "yes" if copy.is_encrypted else "no") for copy in copies]
        text = aligned(rows, header=("BACKUP", "BYTES", "ENCRYPTED")) if rows else "there is none off-site"
        emit([asdict(copy) for copy in copies], text)
        return
    with service() as opened:
        backups = opened.backups().list()[::-1]
    header = ("BACKUP", "MADE", "BYTES", "VERIFIED", "REASON", "SCHEMA", "KEY")
    emit(
        [backup_document(backup) for backup in backups],
        aligned(map(_row, backups), header=header) if backups else "there is no backup yet",
    )


@command.command("prune", epilog=example("strongroom backup prune --dry-run"))
@click.option("--keep", metavar="KEEP", help="Such as last=5,daily=7 [default: setting backup_keep].")
@click.option("--dry-run", is_flag=True, help="Only say which would go.")
def prune(keep: str | None, *, dry_run: bool) -> None:
    """Remove backups that are not kept any longer. The newest one is verified before another goes, and always stays."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.documents import retention_document
    from domain.backups import parse_retention

    asked = None if keep is None else parse_retention(keep)
    with service() as opened:
        plan = opened.prune_backups()(asked or opened.settings().backup_keep, dry_run=dry_run)
    emit(retention_document(plan, dry_run=dry_run), _as_text(plan, dry_run=dry_run))


def _row(backup: "Backup") -> tuple[object, ...]:
    from domain.instants import format_instant

    verified = "yes" if backup.verified else "no"
    made = format_instant(backup.created_at)
    size = f"{backup.bytes:,}"
    return backup.file, made, size, verified, backup.reason, backup.schema, backup.key_fingerprint


def _as_text(plan: "RetentionPlan", *, dry_run: bool) -> "Iterator[str]":
    for kept in plan.kept:
        yield f"keep    {kept.backup.file}  ({', '.join(kept.because)})"
    for backup in plan.removed:
        yield f"{'remove' if dry_run else 'removed'}  {backup.file}"
    if not plan.removed:
        yield "no backup goes"
