"""Backups in memory: what a manifest would say, without a copy of anything."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock

from typing_extensions import override

from domain.backups import Backup
from domain.errors import NotFound
from domain.ports import BackupStore, Clock


class MemoryBackupStore(BackupStore):
    """Backups as they were asked for. `rows` is what the next ones claim to hold."""

    def __init__(self, clock: Clock, *, rows: Mapping[str, int] | None = None) -> None:
        self._clock = clock
        self._rows = dict(rows or {})
        self._lock = Lock()
        self._backups: list[Backup] = []

    @override
    def create(self, *, covers: tuple[str, ...] = (), despite_damage: bool = False) -> Backup:
        now = self._clock.now()
        with self._lock:
            backup = Backup(
                file=f"agents.db.bak-{_stamp(now)}-{len(self._backups) + 1}",
                bytes=0,
                sha256=hashlib.sha256(b"").hexdigest(),
                verified=not despite_damage,
                created_at=now,
                schema="memory",
                application_version="memory",
                engine_version="memory",
                key_fingerprint="0" * 16,
                rows=dict(self._rows),
                rows_by_key={},
                covers=covers,
            )
            self._backups.append(backup)
        return backup

    @override
    def verify(self, file: str) -> Backup:
        found = next((backup for backup in self.list() if backup.file == file), None)
        if found is None:
            raise NotFound("there is no backup of that name")
        return found

    @override
    def list(self) -> list[Backup]:
        with self._lock:
            return sorted(self._backups, key=lambda backup: backup.created_at)


def _stamp(now: int) -> str:
    return datetime.fromtimestamp(now // 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
