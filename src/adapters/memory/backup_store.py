"""Backups in memory: what a manifest would say, without a copy of anything."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import BinaryIO

from typing_extensions import override

from domain.backups import Backup, Reason
from domain.errors import Conflict, Integrity, Invalid, NotFound
from domain.ports import BackupStore, Clock

_NAME = re.compile(r"agents\.db\.bak-\d{8}T\d{6}Z(-\d+)?")


class MemoryBackupStore(BackupStore):
    """Backups as they were asked for. `rows` is what the next ones claim to hold."""

    def __init__(self, clock: Clock, *, rows: Mapping[str, int] | None = None) -> None:
        self._clock = clock
        self._rows = dict(rows or {})
        self._lock = Lock()
        self._backups: dict[str, Backup] = {}
        self._contents: dict[str, bytes] = {}
        self._made = 0

    @override
    def create(
        self, *, reason: Reason = Reason.ASKED, covers: tuple[str, ...] = (), despite_damage: bool = False
    ) -> Backup:
        now = self._clock.now()
        with self._lock:
            self._made += 1
            content = f"backup {self._made}".encode()
            backup = Backup(
                file=f"agents.db.bak-{_stamp(now)}-{self._made}",
                bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                verified=not despite_damage,
                created_at=now,
                schema="memory",
                application_version="memory",
                engine_version="memory",
                key_fingerprint="0" * 16,
                rows=dict(self._rows),
                rows_by_key={},
                covers=covers,
                reason=reason,
                sequence=max((each.sequence for each in self._backups.values()), default=0) + 1,
            )
            self._keep(backup, content)
        return backup

    @override
    def verify(self, file: str) -> Backup:
        return self._found(file)

    @override
    def list(self) -> list[Backup]:
        with self._lock:
            return sorted(self._backups.values(), key=lambda backup: backup.order)

    @override
    def remove(self, file: str) -> None:
        self._found(file)
        with self._lock:
            del self._backups[file], self._contents[file]

    @override
    @contextmanager
    def opened(self, file: str) -> Iterator[BinaryIO]:
        self._found(file)
        yield io.BytesIO(self._contents[file])

    @override
    def take_in(self, backup: Backup, fill: Callable[[BinaryIO], None]) -> None:
        if not _NAME.fullmatch(backup.file):
            raise Invalid("not the name of a backup")
        if backup.file in self._backups:
            raise Conflict("there is a backup of that name")
        into = io.BytesIO()
        fill(into)
        if hashlib.sha256(into.getvalue()).hexdigest() != backup.sha256:
            raise Integrity("what came is not what the manifest describes")
        with self._lock:
            self._keep(backup, into.getvalue())

    def _keep(self, backup: Backup, content: bytes) -> None:
        self._backups[backup.file], self._contents[backup.file] = backup, content

    def _found(self, file: str) -> Backup:
        with self._lock:
            found = self._backups.get(file)
        if found is None:
            raise NotFound("there is no backup of that name")
        return found


def _stamp(now: int) -> str:
    return datetime.fromtimestamp(now // 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
