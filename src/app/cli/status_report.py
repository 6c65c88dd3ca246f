"""What `status` says, for a program and for a person."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.cli.output import aligned, counted
from app.documents import job_document, source_outcome
from app.usecases.survey import Stock
from domain.backups import Backup
from domain.connections import EXPIRES_SOON_MS, Status
from domain.instants import DAY_MS, HOUR_MS, MINUTE_MS, format_instant
from domain.keys import MasterKey

_KIB = 1_024
_KINDS = {
    "sessions": "session",
    "secrets": "secret",
    "oauth_tokens": "OAuth token",
    "archived_files": "archived file",
}


def as_document(stock: Stock, *, database: Path, is_current: bool, key: MasterKey) -> dict[str, Any]:
    """Return what `status --json` prints. Instants in milliseconds UTC, sizes in bytes."""
    soon = stock.taken_at + EXPIRES_SOON_MS
    return {
        "database": {"path": str(database), "bytes": _size(database), "schema_is_current": is_current},
        "key": {"fingerprint": key.fingerprint, "source": key.source},
        "rows": dict(stock.rows),
        "migrations": _migrations(stock),
        "damaged": stock.damaged,
        "backup": _backup(stock.backups[-1]) if stock.backups else None,
        "expiring_tokens": [
            {"forge": each.forge, "expires_at": each.expires_at, "expired": each.expires_at <= stock.taken_at}
            for each in stock.connections
            if each.refreshable is False and each.expires_at is not None and each.expires_at < soon
        ],
        "connections": [
            {"forge": each.forge, "status": each.status, "reason": each.reason, "last_error": each.last_error}
            for each in stock.connections
            if each.status is not Status.NOT_CONNECTED
        ],
        "jobs": [job_document(view) for view in stock.jobs],
        "mounts": [{"agent": view.agent, "state": view.state.value} for view in stock.mounts],
        "expiring_secrets": [
            {"name": secret.name, "expires_at": secret.expires_at, "expired": secret.expires_at <= stock.taken_at}
            for secret in stock.mortal_secrets
            if secret.expires_at is not None and secret.expires_at < soon
        ],
    }


def as_text(document: dict[str, Any], now: int) -> list[str]:
    """Return the screen, from the same facts."""
    database, key = document["database"], document["key"]
    schema = "current" if database["schema_is_current"] else "not current"
    rows = ", ".join(counted(number, _KINDS.get(kind, kind)) for kind, number in document["rows"].items())
    facts = [
        ("database", f"{database['path']}, {database['bytes'] / _KIB:,.0f} KiB, schema {schema}"),
        ("key", f"{key['fingerprint']} ({key['source']})"),
        ("rows", rows),
        ("backup", _backup_text(document["backup"], now)),
        *(("connection", _connection_text(each)) for each in document["connections"]),
        *(("damaged", message) for message in document["damaged"]),
        *(
            ("expiring", _expiry_text(token, f"OAuth token of {token['forge']}"))
            for token in document["expiring_tokens"]
        ),
        *(("expiring", _expiry_text(secret, f"secret {secret['name']}")) for secret in document["expiring_secrets"]),
        ("mounts", ", ".join(f"{each['agent']}: {each['state']}" for each in document["mounts"]) or "none is open"),
        *(("migration", _migration_text(migration)) for migration in document["migrations"]),
    ]
    if not document["migrations"]:
        facts.append(("migrations", "none has run yet: `strongroom migrate --dry-run` says what it would do"))
    facts += [("job", _job_text(job, now)) for job in document["jobs"]]
    return [*aligned(facts), *_attention(document)]


def _size(database: Path) -> int:
    log = database.with_name(f"{database.name}-wal")
    return sum(path.stat().st_size for path in (database, log) if path.exists())


def _migrations(stock: Stock) -> list[dict[str, Any]]:
    sources = {migration.id: migration.sources for migration in stock.migrations}
    ids = sorted({*sources, *(entry.migration_id for entry in stock.ledger)})
    return [
        {
            "id": migration_id,
            "imported": sum(entry.migration_id == migration_id for entry in stock.ledger),
            "records": sum(entry.records for entry in stock.ledger if entry.migration_id == migration_id),
            "attention": [
                {**source_outcome(source), "next_step": source.outcome.next_step}
                for source in sources.get(migration_id, ())
                if source.outcome.needs_attention
            ],
        }
        for migration_id in ids
    ]


def _backup(backup: Backup) -> dict[str, Any]:
    return {"file": backup.file, "created_at": backup.created_at, "verified": backup.verified}


def _backup_text(backup: dict[str, Any] | None, now: int) -> str:
    if backup is None:
        return "none yet"
    verified = "verified" if backup["verified"] else "not verified"
    return f"{backup['file']}, {_age(now - backup['created_at'])} old, {verified}"


def _age(span_ms: int) -> str:
    for unit, name in ((DAY_MS, "day"), (HOUR_MS, "hour"), (MINUTE_MS, "minute")):
        if span_ms >= unit:
            return counted(span_ms // unit, name)
    return "less than a minute"


def _job_text(job: dict[str, Any], now: int) -> str:
    if not job["every"]:
        return f"{job['name']}: off"
    if job["last_run_at"] is None:
        return f"{job['name']}: has not run yet"
    if job["is_running"]:
        return f"{job['name']}: begun {_age(now - job['last_run_at'])} ago"
    ahead = job["next_run_at"] - now
    due = f"next in {_age(ahead)}" if ahead > 0 else "due, when a service runs"
    failed = f", failed: {job['last_error']}" if job["last_error"] else ""
    return f"{job['name']}: {_age(now - job['last_run_at'])} ago, {due}{failed}"


def _connection_text(connection: dict[str, Any]) -> str:
    why = connection["reason"] or connection["last_error"]
    return f"{connection['forge']}: {connection['status']}" + (f": {why}" if why else "")


def _expiry_text(mortal: dict[str, Any], what: str) -> str:
    verb = "expired" if mortal["expired"] else "expires"
    return f"the {what} {verb} {format_instant(mortal['expires_at'])}"


def _migration_text(migration: dict[str, Any]) -> str:
    imported = f"{counted(migration['imported'], 'file')} imported, {counted(migration['records'], 'record')}"
    waiting = len(migration["attention"])
    return f"{migration['id']}: {imported}" + (f", {waiting} to attend to" if waiting else "")


def _attention(document: dict[str, Any]) -> Iterator[str]:
    for migration in document["migrations"]:
        for source in migration["attention"]:
            yield f"{source['outcome']}: {source['file']}: {source['reason']}"
            yield f"  {source['next_step']}"
