"""Which backups are kept, and which may go: grandfather, father, son, by days, weeks and months in UTC."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from domain.backups import Backup, Reason, Retention
from domain.instants import SECOND_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup that stays, and the rules by which it does, for people: `newest`, `daily`, `before a restore`."""

    backup: Backup
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPlan:
    """What stays and what goes, each oldest first."""

    kept: list[Kept]
    removed: list[Backup]


def plan_retention(backups: Iterable[Backup], retention: Retention, *, now: int) -> RetentionPlan:
    """Decide about each backup; `now` is ms UTC.

    Days, weeks and months are counted that have a verified backup, not those of a calendar: a service
    that was off for a month loses none by it. Whatever `retention` says and the clock shows, there stay
    the newest verified backup, and every one whose instant is still to come: it was made while the clock
    was wrong, says nothing about when, and takes nobody's place. What is no proof of a good state
    (not verified) or was kept before a restore competes with its like alone.
    """
    made = sorted(backups, key=lambda backup: backup.order)
    past = [backup for backup in made if backup.created_at <= now]
    good = [backup for backup in past if backup.is_proof]
    reasons: dict[str, list[str]] = {backup.file: [] for backup in made}
    _because(reasons, [backup for backup in made if backup.is_proof][-1:], "newest")
    _because(reasons, [backup for backup in made if backup.verified][-1:], "newest verified")
    _because(reasons, [backup for backup in made if backup.created_at > now], "dated in the future")
    _because(reasons, _last(good, retention.last), "last")
    for name, most, period in (
        ("daily", retention.daily, _day),
        ("weekly", retention.weekly, _week),
        ("monthly", retention.monthly, _month),
    ):
        _because(reasons, _newest_of_each(good, most, period), name)
    few = max(1, retention.last)
    _because(reasons, _last([backup for backup in past if not backup.verified], few), "not verified")
    _because(reasons, _last([backup for backup in past if backup.reason == Reason.RESTORE], few), "before a restore")
    return RetentionPlan(
        kept=[Kept(backup=each, because=tuple(reasons[each.file])) for each in made if reasons[each.file]],
        removed=[each for each in made if not reasons[each.file]],
    )


def _because(reasons: dict[str, list[str]], backups: Iterable[Backup], reason: str) -> None:
    for backup in backups:
        reasons[backup.file].append(reason)


def _last(backups: Sequence[Backup], number: int) -> Sequence[Backup]:
    return backups[len(backups) - number :] if 0 < number < len(backups) else backups if number else ()


def _newest_of_each(
    backups: Sequence[Backup], most: int, period: Callable[[date], tuple[int, ...]]
) -> Iterable[Backup]:
    """Return the newest backup of each of the `most` latest periods that have one."""
    newest = {period(_date(backup)): backup for backup in backups}
    return [newest[each] for each in sorted(newest, reverse=True)[:most]]


def _date(backup: Backup) -> date:
    return datetime.fromtimestamp(backup.created_at // SECOND_MS, UTC).date()


def _day(at: date) -> tuple[int, ...]:
    return at.year, at.month, at.day


def _week(at: date) -> tuple[int, ...]:
    """Return the ISO 8601 week, which begins on Monday."""
    return at.isocalendar()[:2]


def _month(at: date) -> tuple[int, ...]:
    return at.year, at.month
