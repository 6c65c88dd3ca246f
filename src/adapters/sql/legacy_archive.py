"""The bytes of removed files in `legacy_archive`, sealed in chunks."""

import hashlib
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

from sqlalchemy import Select, bindparam, delete, insert, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row, Transaction
from adapters.sql.diagnosis import open_at
from adapters.sql.sealing import UseCount, context, sealing_transaction
from adapters.sql.tables import legacy_archive as table
from adapters.sql.tables import legacy_archive_chunk as chunk
from domain.errors import Integrity, NotFound
from domain.instants import DAY_MS
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root
from domain.ports import Cipher, Clock, LegacyArchive, LegacyFileSource, SealContext
from domain.ports.legacy_archive import ArchivedFile
from domain.ports.legacy_file_source import SourceRemains

CHUNK_BYTES = 4 * 1_024 * 1_024
"""Small enough for SQLite's limit on one value (10^9 bytes) and for memory, large enough to be few."""

_COLUMNS = (table.c.id, table.c.root, table.c.path, table.c.bytes, table.c.mode, table.c.mtime_ns, table.c.archived_at)


class SqlLegacyArchive(LegacyArchive, LegacyFileSource):
    """The archive, and the same as a source of files: of each path the bytes that were archived last."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._uses = UseCount(database, cipher)
        at_path = (table.c.root == bindparam("of_root"), table.c.path == bindparam("of_path"))
        self._same = database.prepare(
            select(table.c.id, table.c.archived_at).where(*at_path, table.c.digest == bindparam("of_digest"))
        )
        self._insert = database.prepare(insert(table))
        self._insert_chunk = database.prepare(insert(chunk))
        self._touch = database.prepare(
            update(table).where(table.c.id == bindparam("of_id")).values(archived_at=bindparam("now"))
        )
        self._contents = database.prepare(_sorted(select(*_COLUMNS)))
        self._newest = database.prepare(
            select(*_COLUMNS).where(*at_path).order_by(table.c.archived_at.desc(), table.c.id).limit(1)
        )
        self._chunks = database.prepare(
            select(chunk.c.sealed).where(chunk.c.archive_id == bindparam("of_id")).order_by(chunk.c.sequence)
        )
        expired = table.c.archived_at < bindparam("before")
        self._old = database.prepare(select(table.c.id).where(expired).limit(1))
        self._expire_chunks = database.prepare(
            delete(chunk).where(chunk.c.archive_id.in_(select(table.c.id).where(expired)))
        )
        self._expire = database.prepare(delete(table).where(expired))

    @override
    def keep(self, file: LegacyFile) -> None:
        sealing_transaction(self._database, self._cipher, partial(self._keep, file))

    @override
    def contents(self) -> list[ArchivedFile]:
        return [
            ArchivedFile(
                ref=LegacyRef(Root(root), path),
                bytes=size,
                mode=mode,
                mtime_ns=mtime_ns,
                archived_at=archived_at,
            )
            for _, root, path, size, mode, mtime_ns, archived_at in self._database.all(self._contents)
        ]

    @override
    def expire(self, before: int) -> int:
        if self._database.one(self._old, {"before": before}) is None:
            return 0
        with self._database.transaction() as transaction:
            transaction.run(self._expire_chunks, {"before": before})
            return transaction.run(self._expire, {"before": before})

    @override
    def read(self, ref: LegacyRef) -> LegacyFile:
        row = self._database.one(self._newest, {"of_root": ref.root.value, "of_path": ref.path})
        if row is None:
            raise NotFound(f"{ref.shown} is not in the archive")
        archive_id, _, path, size, mode, mtime_ns, _ = row
        content = b"".join(self._opened(archive_id, path))
        if len(content) != size:
            raise Integrity(f"the archived file {path} holds {len(content)} of {size} bytes", advice="restore a backup")
        return LegacyFile(
            ref=ref,
            content=content,
            mode=mode,
            links=1,
            fingerprint=Fingerprint(
                device=0, inode=0, size=size, mtime_ns=mtime_ns, sha256=hashlib.sha256(content).digest()
            ),
        )

    @override
    def remove(self, ref: LegacyRef, fingerprint: Fingerprint) -> None:
        raise SourceRemains("the archive forgets by age only", advice="see the setting archive_ttl_days")

    @override
    def can_remove(self, ref: LegacyRef) -> bool:
        return False

    @override
    def list(self) -> list[LegacyRef]:
        return sorted({archived.ref for archived in self.contents()})

    def _keep(self, file: LegacyFile, transaction: Transaction) -> None:
        digest = self._cipher.digest("legacy file", file.fingerprint.sha256)
        root, path, now = file.ref.root.value, file.ref.logical, self._clock.now()
        kept = transaction.one(self._same, {"of_root": root, "of_path": path, "of_digest": digest})
        if kept is not None:
            if now - kept[1] >= DAY_MS:
                transaction.run(self._touch, {"of_id": kept[0], "now": now})
            return
        row = {
            "id": str(uuid4()),
            "root": root,
            "path": path,
            "digest": digest,
            "bytes": len(file.content),
            "mode": file.mode,
            "mtime_ns": file.fingerprint.mtime_ns,
            "archived_at": now,
        }
        transaction.run(self._insert, row)
        self._keep_chunks(transaction, str(row["id"]), path, file.content)

    def _keep_chunks(self, transaction: Transaction, archive_id: str, path: str, content: bytes) -> None:
        view = memoryview(content)
        for sequence, start in enumerate(range(0, max(len(content), 1), CHUNK_BYTES)):
            part = bytes(view[start : start + CHUNK_BYTES])
            sealed = self._cipher.seal(part, _context(archive_id, sequence, path))
            self._uses.add(transaction, sealed.key_id)
            transaction.run(
                self._insert_chunk,
                {
                    "archive_id": archive_id,
                    "sequence": sequence,
                    "key_id": sealed.key_id,
                    "sealed": sealed.blob,
                },
            )

    def _opened(self, archive_id: str, path: str) -> Iterator[bytes]:
        for sequence, (sealed,) in enumerate(self._database.all(self._chunks, {"of_id": archive_id})):
            yield open_at(self._database, self._cipher, sealed, _context(archive_id, sequence, path))


def _sorted(query: Select[Row]) -> Select[Row]:
    return query.order_by(table.c.root, table.c.path, table.c.archived_at, table.c.id)


def _context(archive_id: str, sequence: int, path: str) -> SealContext:
    return context(chunk.c.sealed, archive_id, sequence, f"the archived file {path}")
