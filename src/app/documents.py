"""The JSON documents that the command line and HTTP both show."""

from domain.migrations import MigrationReport, SourceOutcome


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
