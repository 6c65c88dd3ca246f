"""Find the right key for the database, before anything is written; then make both ready."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import KeyRefused
from domain.keys import DataKey, MasterKey
from domain.ports import Clock, DataKeyStore, KeySource, Lock, Progress, Schema, SchemaFacts

LOCK_PATIENCE_MS = 30_000
"""How long a second process waits for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """Check the key, upgrade the schema, make the first keys. `data_keys` is asked for after the upgrade."""

    schema: Schema
    key_source: KeySource
    data_keys: Callable[[], DataKeyStore]
    create_data_keys: Callable[[MasterKey, int], list[DataKey]]
    lock: Lock
    clock: Clock
    progress: Progress

    def __call__(self) -> MasterKey:
        """Return the master key of a database that is ready.

        Raises `KeyRefused` (nothing is written), `DatabaseUnusable` or `Busy`.
        """
        facts, master = self.check()
        if master and facts.is_current and facts.sealed_under:
            return master
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS, on_wait=self._say_that_we_wait):
            return self._make_ready()

    def check(self) -> tuple[SchemaFacts, MasterKey | None]:
        """Look at database and key without writing. No key is right only while nothing is sealed."""
        facts = self.schema.look()
        master = self.key_source.load()
        strangers = facts.sealed_under - {master.fingerprint if master else ""}
        if strangers:
            raise KeyRefused(_mismatch(strangers, master, self.key_source.places()), advice=_ADVICE)
        return facts, master

    def _make_ready(self) -> MasterKey:
        _, master = self.check()  # another process may have been faster
        master = master or self.key_source.create()
        self.schema.upgrade()
        keys = self.data_keys()
        if not keys.list():
            keys.add(self.create_data_keys(master, self.clock.now()))
        return master

    def _say_that_we_wait(self) -> None:
        self.progress.note("another process is starting on this state directory; waiting for it")


_ADVICE = "put the right master key back, or restore a backup made under this one; nothing was written"


def _mismatch(sealed_under: frozenset[str], master: MasterKey | None, places: list[str]) -> str:
    needed = ", ".join(sorted(sealed_under))
    if master is None:
        looked_at = ", ".join(places)
        return f"the master key is missing: this database was sealed under {needed}, and {looked_at} holds none"
    return f"wrong master key: this database was sealed under {needed}, and {master.source} holds {master.fingerprint}"
