"""The stores of a database in memory, by the names that `tests.support.sealed` has for those in SQL."""

from dataclasses import replace

from adapters.crypto import create_data_keys, create_sealing_key
from adapters.memory import (
    ManualClock,
    MemoryApiTokenStore,
    MemoryAuditLog,
    MemoryCipher,
    MemoryDatabaseCheckup,
    MemoryDataKeyStore,
    MemoryLegacyArchive,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemorySealedRows,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
    Stamped,
)
from adapters.memory.clock import NOON_2026_11_24 as NOON
from tests.support.recipes import a_master_key

_VALUES = 8


class InMemory:
    """The stores; without `bare` there are data keys."""

    def __init__(self, *, bare=False):
        self.clock = ManualClock()
        self.sessions = MemorySessionStore(self.clock)
        self.secrets = MemorySecretStore(self.clock)
        self.history = MemorySecretHistory(self.secrets)
        self.tokens = MemoryOAuthTokenStore()
        self.archive = MemoryLegacyArchive(self.clock)
        self.ledger = MemoryMigrationLedger()
        self.api_tokens = MemoryApiTokenStore()
        self.audit = MemoryAuditLog(MemoryCipher(), self.clock)
        self.rows = MemorySealedRows(lambda: self.keys)
        self.keys = MemoryDataKeyStore(self.rows.count_by_key)
        self.keys.add([] if bare else create_data_keys(a_master_key(), NOON))
        stamped = Stamped(
            secrets=self.secrets,
            data_keys=self.keys,
            archive=self.archive,
            ledger=self.ledger,
            api_tokens=self.api_tokens,
            audit=self.audit,
        )
        self.checkup = MemoryDatabaseCheckup(self.rows, stamped)

    def fill(self):
        """Have sealed values, and a secret of two versions."""
        for value in ("old", "new"):
            self.secrets.set("name:b", value)
        for number in range(_VALUES):
            self.rows.put(f"row {number}", self.active)

    def expose(self):
        """Let plaintext stand where one of them was."""
        self.rows.expose("row 0")

    def break_up(self, faults):
        """Damage the structure in so many places."""
        self.checkup.complaints += [f"page {number} is damaged" for number in range(faults)]

    def lose(self, what):
        """Say that a table is missing, or a column by `table.column`."""
        there = self.checkup.differences
        self.checkup.differences = replace(there, missing=(*there.missing, what))

    def take_in(self, table):
        """Say that there is a table that is not ours."""
        there = self.checkup.differences
        self.checkup.differences = replace(there, foreign=tuple(sorted((*there.foreign, table))))

    @property
    def active(self):
        return next(k.id for k in self.keys.list() if k.seals_now)

    def next_key(self):
        """Make another key active; returns the id of the one that was."""
        former = self.active
        self.keys.activate(create_sealing_key(a_master_key(), self.clock.now()), instead_of=former)
        return former
