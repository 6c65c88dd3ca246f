"""The JSON documents that the command line and HTTP both show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from domain.errors import Integrity
from domain.migrations import MigrationReport, SourceOutcome
from domain.oauth import Connection
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


def oauth_connection(forge: str, look: Callable[[str], Connection | None]) -> dict[str, object]:
    """Show how the connection to a forge stands, never its tokens. A damaged row is one forge's trouble only."""
    reason = None
    try:
        connection = look(forge)
    except Integrity as error:
        connection, reason = None, error.message
    status = "needs_reauth" if reason else "connected" if connection else "not_connected"
    return {
        "forge": forge,
        "status": status,
        "reason": reason,
        "account": None,
        "scopes": list(connection.scopes) if connection and connection.scopes is not None else None,
        "expires_at": connection.expires_at if connection else None,
        "last_refresh_at": None,
        "last_error": None,
        "version": connection.version if connection else None,
    }
