"""The JSON documents that the command line and HTTP both show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from app.usecases.oauth.disconnect import Disconnected
from domain.connections import Connection
from domain.migrations import MigrationReport, SourceOutcome
from domain.ports import LastAct
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
