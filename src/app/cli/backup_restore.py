"""`strongroom backup verify`, `restore` and `rehearse`: what a backup is for."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import Command, confirm, example

if TYPE_CHECKING:  # `--help` does without it
    from collections.abc import Iterator

    from domain.restores import Restored, RestorePlan

_FILE = "agents.db.bak-20261124T120000Z"
_KEPT_UNREADABLE = "what was there, which SQLite could not read, is kept as {0}"


@click.command("verify", cls=Command, epilog=example(f"strongroom backup verify {_FILE}"))
@click.argument("file")
def verify(file: str) -> None:
    """Check a backup as a restore would: every byte, row and value. FILE is its name, or a path."""
    from app.cli.opening import as_user, settings
    from app.cli.output import counted, emit
    from app.cli.progress import asked_for
    from app.documents import backup_document
    from app.restoring import plan_restore

    with as_user():
        found = plan_restore(settings(), file, asked_for())
    emit(
        backup_document(found.backup),
        f"{found.backup.file} is whole: {counted(found.values, 'value')} opened, "
        f"{counted(sum(found.backup.rows.values()), 'row')} counted",
    )


@click.command(
    "restore",
    cls=Command,
    epilog=example(f"strongroom backup restore {_FILE} --dry-run", f"strongroom backup restore {_FILE}"),
)
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Check the backup and say what would happen; write nothing.")
@confirm
def restore(file: str, confirm: str | None, *, dry_run: bool) -> None:
    """Put a backup in the place of the database, whole or not at all. FILE is its name, or a path.

    What is there is kept as another backup. A service may go on running. Asks for the name of the backup.
    """
    from app.cli.opening import as_user, settings
    from app.cli.output import emit
    from app.cli.progress import asked_for
    from app.cli.typed import confirmed_name
    from app.documents import restore_plan_document, restored_document
    from app.restoring import manifest_of, plan_restore
    from app.restoring import restore as restore_backup
    from domain.instants import format_instant

    with as_user():
        if dry_run:
            plan = plan_restore(settings(), file, asked_for())
            emit(restore_plan_document(plan), _plan_as_text(plan))
            return
        backup = manifest_of(settings(), file)
        made = f"by the backup made {format_instant(backup.created_at)}"
        confirmed_name(Path(file).name, confirm, what=f"what is in the database now {made}", verb="replace")
        done = restore_backup(settings(), file, asked_for())
    emit(restored_document(done), _as_text(done))


@click.command("rehearse", cls=Command, epilog=example("strongroom backup rehearse"))
def rehearse() -> None:
    """Restore the newest backup into a scratch place, open everything in it, and throw the copy away."""
    from app.cli.opening import service
    from app.cli.output import emit
    from domain.jobs import Job

    with service() as opened:
        record = opened.run_job().at_once(Job.REHEARSAL)
    emit({"result": record.result, "succeeded_at": record.succeeded_at}, record.result or "")


def _plan_as_text(plan: "RestorePlan") -> "Iterator[str]":
    from app.cli.output import counted
    from domain.instants import format_instant

    backup = plan.backup
    made = f"made {format_instant(backup.created_at)} by version {backup.application_version}"
    yield f"{backup.file}, {made}, would be restored:"
    yield f"  it is whole: {counted(plan.values, 'value')} opened with the master key {backup.key_fingerprint}"
    yield f"  {counted(sum(backup.rows.values()), 'row')}: " + ", ".join(
        f"{table} {number:,}" for table, number in backup.rows.items() if number
    )
    if plan.upgrades_from:
        yield f"  its schema {plan.upgrades_from} would be brought to this version's"
    yield "  what is there now would be kept as another backup" if plan.replaces else "  there is no database yet"
    if plan.connections:
        yield f"  OAuth tokens would be checked at their next use: {', '.join(plan.connections)}"
    yield "nothing was written"


def _as_text(done: "Restored") -> "Iterator[str]":
    yield f"{done.backup.file} is restored"
    if done.kept is not None:
        form = "what was there is kept as the backup {0}" if done.kept.is_backup else _KEPT_UNREADABLE
        yield form.format(done.kept.name)
    if done.connections:
        yield f"OAuth tokens that are checked at their next use, for they may be spent: {', '.join(done.connections)}"
