"""What the stores in memory can tell of their health."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from typing_extensions import override

from adapters.memory.sealed_rows import MemorySealedRows
from adapters.memory.secret_store import MemorySecretStore
from domain.ports import (
    ApiTokenStore,
    AuditLog,
    Census,
    DatabaseCheckup,
    DataKeyStore,
    Engine,
    LegacyArchive,
    MigrationLedger,
)
from domain.ports.database_checkup import Drift

_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """The stores that write down when something was done."""

    secrets: MemorySecretStore
    data_keys: DataKeyStore
    archive: LegacyArchive
    ledger: MigrationLedger
    api_tokens: ApiTokenStore
    audit: AuditLog

    def instants(self) -> Iterator[int | None]:
        """Give every instant that our clock wrote, None for what was not done yet."""
        yield from self._of_secrets()
        yield from (key.created_at for key in self.data_keys.list())
        yield from (file.archived_at for file in self.archive.contents())
        yield from chain.from_iterable((entry.imported_at, entry.removed_at) for entry in self.ledger.entries())
        for token in self.api_tokens.list():
            yield from (token.created_at, token.last_used_at, token.revoked_at)
        yield from (event.at for event in self.audit.list(limit=sys.maxsize))

    def _of_secrets(self) -> Iterator[int | None]:
        with self.secrets.lock:
            for secret in self.secrets.kept.values():
                yield from (secret.created_at, secret.updated_at, secret.deleted_at)
                for version in secret.versions.values():
                    yield from (version.created_at, version.destroyed_at)


class MemoryDatabaseCheckup(DatabaseCheckup):
    """Counts `rows`. `complaints` is what the engine says of its structure, empty while all is well.

    There are no tables here; `differences` is how they would differ.
    """

    def __init__(self, rows: MemorySealedRows, stamped: Stamped) -> None:
        self._rows = rows
        self._stamped = stamped
        self.complaints: list[str] = []
        self.differences = Drift()

    @override
    def engine(self) -> Engine:
        return Engine(version="memory", has_wal_reset_bug=False)

    @override
    def faults(self, *, thorough: bool) -> list[str]:
        return self.complaints[:_LINES]

    @override
    def drift(self) -> Drift:
        return self.differences

    @override
    def census(self) -> Census:
        return Census(by_key=self._rows.count_sealed(), unsealed=self._rows.count_unsealed())

    @override
    def newest(self) -> int | None:
        return max((instant for instant in self._stamped.instants() if instant is not None), default=None)
