"""Open every sealed value there is, whatever table it is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from domain.errors import Integrity
from domain.ports import Damage, Progress, SealedRows

_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many values name each data key, and those that do not open."""

    by_key: Mapping[str, int]
    damage: tuple[Damage, ...]

    @property
    def values(self) -> int:
        """How many values there are."""
        return sum(self.by_key.values())

    @property
    def fault(self) -> Integrity | None:
        """Return what to report where something is damaged: it names the values."""
        return fault_of(self.damage, self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyKeys:
    """It shows no value, so it is no event in the audit log."""

    rows: SealedRows
    progress: Progress

    def __call__(self) -> Verification:
        """Return what was found. Readers and writers go on meanwhile."""
        damage = self.rows.verify(on_progress=partial(self.progress.report, "opening all values"))
        return Verification(by_key=self.rows.count_by_key(), damage=tuple(damage))


def fault_of(damage: tuple[Damage, ...], values: int) -> Integrity | None:
    """Return an error that names what is damaged, the first twenty of it; None if nothing is."""
    if not damage:
        return None
    named = [each.message for each in damage[:_NAMED]]
    if len(damage) > _NAMED:
        named.append(f"and {len(damage) - _NAMED:,} more")
    shut = values - opened(damage, values)
    verb, rows = "does" if shut == 1 else "do", "1 row was" if len(damage) == 1 else f"{len(damage):,} rows were"
    count = f"{shut:,} of {values:,} values {verb} not open" if shut else f"{rows} changed"
    return Integrity(f"{count}: {'; '.join(named)}", advice=damage[0].advice)


def opened(damage: tuple[Damage, ...], values: int) -> int:
    """Return how many of the values opened; a row that was changed is damage, and its values may open."""
    return values - sum(each.in_value for each in damage)
