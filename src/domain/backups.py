"""Backups of the database: a file and what its manifest says of it."""

from collections.abc import Mapping
from dataclasses import dataclass


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
