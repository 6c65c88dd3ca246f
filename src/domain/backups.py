"""Backups of the database: a file and what its manifest says of it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from domain.errors import Invalid

_KEPT = re.compile(r"(last|daily|weekly|monthly)=([0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A verified copy of the database. `covers` names the legacy files (by keyed hash) it was made before losing."""

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
