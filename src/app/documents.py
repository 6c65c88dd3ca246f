"""The JSON documents that the command line and HTTP both show."""

from domain.errors import Integrity
from domain.migrations import MigrationReport, SourceOutcome
from domain.ports import OAuthTokenStore


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


def oauth_connection(forge: str, tokens: OAuthTokenStore) -> dict[str, object]:
    """Show how the connection to a forge stands, never its tokens. A damaged row is one forge's trouble only."""
    reason = None
    try:
        token = tokens.get(forge)
    except Integrity as error:
        token, reason = None, error.message
    status = "needs_reauth" if reason else "connected" if token else "not_connected"
    return {
        "forge": forge,
        "status": status,
        "reason": reason,
        "account": None,
        "scopes": list(token.scopes) if token and token.scopes is not None else None,
        "expires_at": token.expires_at if token else None,
        "last_refresh_at": None,
        "last_error": None,
        "version": token.version if token else None,
    }
