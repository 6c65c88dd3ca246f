"""Backups of the database: a file, what its manifest says of it, and how many are kept."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from domain.errors import Invalid

_KEPT = re.compile(r"(last|daily|weekly|monthly)=([0-9]{1,4})")
_MANIFEST_FORMAT = 1


class Reason(StrEnum):
    """Why a backup was made. The values are written into manifests: they are never renamed."""

    ASKED = "asked"
    SCHEDULE = "schedule"
    MIGRATION = "migration"
    """Before old files were removed."""

    RESTORE = "restore"
    """What was there before a restore took its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the database. `covers` names the legacy files (by keyed hash) it was made before losing.

    `verified`: all in it opened with the master key when it was made. `created_at` is in ms UTC, and
    `sequence` counts up from one backup to the next whatever the clock does. `rows` counts by table,
    `rows_by_key` the sealed values by data key.
    """

    file: str
    bytes: int
    sha256: str
    verified: bool
    created_at: int
    schema: str
    application_version: str
    engine_version: str
    key_fingerprint: str
    rows: Mapping[str, int]
    rows_by_key: Mapping[str, int]
    covers: tuple[str, ...] = ()
    reason: str = Reason.ASKED
    sequence: int = 0

    @property
    def is_proof(self) -> bool:
        """Whether it holds a state that somebody wanted to keep: what a restore replaced may be what it was for."""
        return self.verified and self.reason != Reason.RESTORE

    @property
    def order(self) -> tuple[int, int, str]:
        """What backups are sorted by, oldest first: in the order they were made, though the clock was put back."""
        return self.sequence, self.created_at, self.file


def manifest_of(backup: Backup) -> str:
    """Return the manifest of `backup`, a JSON document."""
    return json.dumps({"format": _MANIFEST_FORMAT, **asdict(backup)}, indent=2) + "\n"


def parse_manifest(raw: bytes) -> Backup:
    """Read a manifest; raises `Invalid` for what is none of ours."""
    try:
        said = json.loads(raw)
        if said.pop("format") != _MANIFEST_FORMAT:
            raise Invalid("not a manifest of this version")
        backup = Backup(**{**said, "covers": tuple(said["covers"])})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid("not a manifest of a backup") from None
    if not all(type(getattr(backup, field.name)) is _KINDS.get(field.type, dict) for field in fields(Backup)):
        raise Invalid("not a manifest of a backup")
    return backup


_KINDS: Mapping[Any, type] = {str: str, int: int, bool: bool, tuple[str, ...]: tuple}
"""What a field of a manifest has to be in JSON, by how it is declared; the others are objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteCopy:
    """A whole copy of a backup at another place. `file` is the backup's name; `bytes` as they lie there."""

    file: str
    bytes: int
    is_encrypted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many backups are kept: the newest ones, and the newest of each of so many days, weeks and months."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def __str__(self) -> str:
        return ",".join(f"{name}={number}" for name, number in asdict(self).items() if number)


def parse_retention(raw: str) -> Retention:
    """Read `last=5,daily=7,weekly=4,monthly=6`, each at most once and at least one above 0; raises `Invalid`."""
    matches = [_KEPT.fullmatch(part) for part in raw.split(",", 4)]
    kept = {match[1]: int(match[2]) for match in matches if match}
    if len(kept) < len(matches) or not any(kept.values()):
        raise Invalid(
            "not a retention of backups",
            advice="last=, daily=, weekly= and monthly=, each at most once, from 0 to 9999, at least one above 0",
        )
    return Retention(**kept)
