"""The JSON documents that the command line and HTTP both show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from app.usecases.jobs.schedule import JobView
from app.usecases.oauth.disconnect import Disconnected
from domain.backups import Backup
from domain.connections import Connection
from domain.instants import SECOND_MS
from domain.migrations import MigrationReport, SourceOutcome
from domain.ports import LastAct
from domain.restores import Restored, RestorePlan
from domain.retention import RetentionPlan
from domain.secrets import DamagedVersion, SecretInfo


def migration_report(report: MigrationReport) -> dict[str, object]:
    """Show what a run of the migrations found and did."""
    return {
        "dry_run": report.dry_run,
        "backup": report.backup,
        "duration_ms": report.duration_ms,
        "migrations": [
            {"id": migration.id, "sources": [source_outcome(source) for source in migration.sources]}
            for migration in report.migrations
        ],
    }


def source_outcome(source: SourceOutcome) -> dict[str, object]:
    """Show what became of one file."""
    return {
        "file": source.file,
        "outcome": source.outcome.value,
        "records": source.records,
        "skipped": source.skipped,
        "reason": source.reason,
    }


def secrets(
    infos: Sequence[SecretInfo], reads: Mapping[str, LastAct], damage: Sequence[DamagedVersion] | None = None
) -> list[dict[str, object]]:
    """Show secrets; with `damage`, of each whether it is damaged, too."""
    shown = [secret(info, reads.get(info.name)) for info in infos]
    if damage is None:
        return shown
    causes = {each.name: each.cause for each in damage}
    return [
        {**each, "damaged": info.name in causes, "cause": causes.get(info.name)}
        for info, each in zip(infos, shown, strict=True)
    ]


def secret(info: SecretInfo, read: LastAct | None) -> dict[str, object]:
    """Show what may be shown of a secret, and who read its value last, null if the audit log has no reading."""
    return {**asdict(info), **last_reading(read)}


def last_reading(read: LastAct | None) -> dict[str, object]:
    """Show who read a value last, and when; null if the audit log has no reading."""
    return {"last_read_at": read and read.at, "last_read_by": read and read.actor}


def oauth_connection(connection: Connection) -> dict[str, object]:
    """Show how the connection to a forge stands, never its tokens."""
    return asdict(connection)


def disconnected(ended: Disconnected) -> dict[str, object]:
    """Show what became of a connection that was ended."""
    return {"forge": ended.forge, "status": "not_connected", "revocation": ended.revocation, "advice": ended.advice}


def backup_document(backup: Backup) -> dict[str, object]:
    """Show a backup, as its manifest has it."""
    shown = asdict(backup)
    del shown["covers"], shown["sequence"]
    return shown


def retention_document(plan: RetentionPlan, *, dry_run: bool) -> dict[str, object]:
    """Show which backups stay and why, and which went or would go."""
    return {
        "dry_run": dry_run,
        "kept": [{"file": kept.backup.file, "because": list(kept.because)} for kept in plan.kept],
        "removed": [backup.file for backup in plan.removed],
    }


def restore_plan_document(plan: RestorePlan) -> dict[str, object]:
    """Show what a restore would do."""
    return {**asdict(plan), "dry_run": True, "backup": backup_document(plan.backup)}


def restored_document(done: Restored) -> dict[str, object]:
    """Show what a restore did."""
    return {**asdict(done), "dry_run": False, "backup": backup_document(done.backup)}


def job_document(view: JobView) -> dict[str, object]:
    """Show how a job stands. Instants in ms UTC, None if that never happened; `every` in seconds, 0: never."""
    record = view.record
    return {
        "name": record.job.value,
        "purpose": record.job.purpose,
        "every": view.every_ms // SECOND_MS,
        "is_running": record.is_unfinished,
        "last_run_at": record.started_at,
        "last_success_at": record.succeeded_at,
        "next_run_at": view.next_at,
        "is_overdue": view.is_overdue,
        "result": record.result,
        "last_error": record.error,
        "failures": record.failures,
    }
