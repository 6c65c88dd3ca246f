"""Backups as their manifests say, made up."""

from domain.backups import Backup, Reason


def a_backup(sequence=1, created_at=1_790_000_000_000, *, verified=True, reason=Reason.ASKED, **more):
    said = {
        "file": f"agents.db.bak-{sequence}",
        "bytes": 1,
        "sha256": "00" * 32,
        "verified": verified,
        "created_at": created_at,
        "schema": "0004",
        "application_version": "1.2.3",
        "engine_version": "SQLite 3",
        "key_fingerprint": "0" * 16,
        "rows": {"secret": 1},
        "rows_by_key": {},
        "reason": reason,
        "sequence": sequence,
    }
    return Backup(**{**said, **more})
