"""Look at the database as a whole: its structure, its engine, its keys, and whether all is encrypted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.usecases.key_status import WARNED_FROM
from domain.doctor import INCOMPLETE, SCHEMA, Check, examined
from domain.errors import DatabaseUnusable
from domain.instants import EARLIEST_MS, END_MS, SECOND_MS, format_instant
from domain.keys import SEALS_PER_KEY, DataKey
from domain.ports import Clock, DatabaseCheckup, DataKeyStore

_NAMED = 8
_CLOCKS_DIFFER_MS = 60 * SECOND_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineDatabase:
    """Counts and compares; opens no value."""

    checkup: DatabaseCheckup
    data_keys: DataKeyStore
    clock: Clock
    seals_per_key: int = SEALS_PER_KEY

    def __call__(self, *, deep: bool) -> list[Check]:
        """Return the checks; `deep` has the engine check every index."""
        return [
            *examined(SCHEMA, self._tables),
            *examined("database", lambda: self._structure(deep=deep)),
            *examined("engine", self._engine),
            *examined("encryption", self._encryption),
            *examined("data keys", self._budgets),
            *examined("clock", self._clock_is_sane),
        ]

    def _tables(self) -> Iterator[Check]:
        """Says nothing where all is well: that the schema is the newest has been told."""
        drift = self.checkup.drift()
        if drift.missing:
            detail = f"something is missing in the database: {_named(drift.missing)}"
            yield Check.fail(SCHEMA, detail, advice=INCOMPLETE, code=DatabaseUnusable.code)
        if drift.foreign:
            detail = f"tables that are not ours are in the database: {_named(drift.foreign)}"
            advice = "find out what made them, and whether it writes into our tables as well; keep them elsewhere"
            yield Check.warn(SCHEMA, detail, advice=advice)

    def _structure(self, *, deep: bool) -> Iterator[Check]:
        faults = self.checkup.faults(thorough=deep)
        if faults:
            yield Check.fail(
                "database",
                f"it is damaged: {'; '.join(faults)}",
                advice=INCOMPLETE,
                code="integrity",
            )
        else:
            yield Check.ok("database", f"whole ({'every page and index' if deep else 'every page'} was looked at)")

    def _engine(self) -> Iterator[Check]:
        engine = self.checkup.engine()
        if engine.has_wal_reset_bug:
            yield Check.warn(
                "engine",
                f"{engine.version} can, very rarely, damage a database when two connections write at once",
                advice="install `pysqlite3`, which brings a newer one; where there is no wheel of it, use a Python "
                "with SQLite 3.51.3 or newer (or 3.50.7, 3.44.6), and until then keep backups fresh",
            )
        else:
            yield Check.ok("engine", engine.version)

    def _encryption(self) -> Iterator[Check]:
        """The proof that encryption took effect: a setting that is accepted and ignored is worse than none."""
        census = self.checkup.census()
        active = next((key.id for key in self._sealing()), None)
        total = sum(census.by_key.values())
        summary = f"key {active}, {total} values, {census.unsealed} plaintext"
        if active is None:
            yield Check.fail(
                "encryption",
                "no data key is active, so that nothing can be stored",
                advice="restore the database from a backup",
                code="integrity",
            )
        elif census.unsealed:
            yield Check.fail(
                "encryption",
                f"encrypting: not all: {summary}",
                advice="something else wrote into the database: `strongroom keys verify` names it, set it again",
                code="integrity",
            )
        else:
            yield Check.ok("encryption", f"encrypting: yes, {summary}")

    def _budgets(self) -> Iterator[Check]:
        """A key that was replaced seals no more, however much it has sealed."""
        limit = self.seals_per_key
        for key in self._sealing():
            detail = f"data key {key.id} has sealed {key.uses:,} of the {limit:,} values that it may"
            if key.uses >= WARNED_FROM * limit:
                advice = "a new one takes over at the limit by itself, or now: `strongroom keys rotate`"
                yield Check.warn("data keys", detail, advice=advice)
            else:
                yield Check.ok("data keys", detail)

    def _sealing(self) -> list[DataKey]:
        return [key for key in self.data_keys.list() if key.seals_now]

    def _clock_is_sane(self) -> Iterator[Check]:
        now, newest = self.clock.now(), self.checkup.newest()
        advice = "set the clock of this machine (`timedatectl`); expiry and backups go by it"
        if not EARLIEST_MS <= now < END_MS:
            yield Check.fail("clock", "it does not show a year between 2000 and 2100", advice=advice)
        elif newest is not None and now < newest - _CLOCKS_DIFFER_MS:
            detail = f"it shows {format_instant(now)}, and a row was written at {format_instant(newest)}"
            yield Check.fail("clock", detail, advice=advice)
        else:
            yield Check.ok("clock", format_instant(now))


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
