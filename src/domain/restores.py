"""Putting a backup in the place of the database: what would happen, and what did."""

from dataclasses import dataclass

from domain.backups import Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was there before a restore: `name` is of a backup, or the path of a file that is none."""

    name: str
    is_backup: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """What a restore of `backup` would do. The backup was checked: all `values` in it open with the master key.

    `upgrades_from` is the schema that the backup is of, None if that is the newest. `connections` are the
    forges whose tokens would be marked for a check. `replaces` tells whether there is a database now.
    """

    backup: Backup
    upgrades_from: str | None
    values: int
    connections: tuple[str, ...]
    replaces: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did. `kept` is what was there, None if nothing; `connections` were marked for a check."""

    backup: Backup
    kept: Kept | None
    connections: tuple[str, ...]
