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
        if master and facts.is_current and facts.sealed_under and self.key_source.staged() is None:
            return master
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS, on_wait=self._say_that_we_wait):
            return self._make_ready()

    def check(self) -> tuple[SchemaFacts, MasterKey | None]:
        """Look at database and key without writing. No key is right only while nothing is sealed."""
        facts, master = self._look()
        if _strangers(facts, master):
            facts, master = self._look()  # another process may just have changed the master key
        strangers = _strangers(facts, master)
        if strangers:
            raise KeyRefused(_mismatch(strangers, master, self.key_source.places()), advice=_ADVICE)
        return facts, master

    def _look(self) -> tuple[SchemaFacts, MasterKey | None]:
        """A key that is staged is the right one if the database is sealed under it.

        The change of the master key is then going on, or was interrupted after the data keys had been
        wrapped anew. It takes the staged key away last, so that is looked for first.
        """
        facts = self.schema.look()
        staged, master = self.key_source.staged(), self.key_source.load()
        if staged and staged.fingerprint in facts.sealed_under and _strangers(facts, master):
            master = staged
        return facts, master

    def _make_ready(self) -> MasterKey:
        self._settle_staged_key()
        _, master = self.check()  # another process may have been faster
        master = master or self.key_source.create()
        self.schema.upgrade()
        keys = self.data_keys()
        if not keys.list():
            keys.add(self.create_data_keys(master, self.clock.now()))
        return master

    def _settle_staged_key(self) -> None:
        """End a change of the master key that was interrupted: forwards if the database is sealed under the new one."""
        staged = self.key_source.staged()
        if staged is None:
            return
        facts, _ = self.check()
        if staged.fingerprint in facts.sealed_under:
            self.key_source.promote()
        else:
            self.key_source.discard()

    def _say_that_we_wait(self) -> None:
        self.progress.note("another process is starting on this state directory; waiting for it")


_ADVICE = "put the right master key back, or restore a backup made under this one; nothing was written"


def _strangers(facts: SchemaFacts, master: MasterKey | None) -> frozenset[str]:
    """Return under which master keys the database is sealed that are not this one."""
    return facts.sealed_under - {master.fingerprint if master else ""}


def _mismatch(sealed_under: frozenset[str], master: MasterKey | None, places: list[str]) -> str:
    needed = ", ".join(sorted(sealed_under))
    if master is None:
        looked_at = ", ".join(places)
        return f"the master key is missing: this database was sealed under {needed}, and {looked_at} holds none"
    return f"wrong master key: this database was sealed under {needed}, and {master.source} holds {master.fingerprint}"
