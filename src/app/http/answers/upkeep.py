"""Answers about the service itself: health, backups, settings."""

from typing import Annotated

from pydantic import Field

from app.http.answers.answer import Answer, Instant


class Alive(Answer):
    """The process serves."""

    status: str


class Ready(Answer):
    """The service can be used. `attention` counts old files that wait for a person, `migrations` all by outcome."""

    status: str
    attention: int
    migrations: dict[str, int]


class Backup(Answer):
    """A backup, as its manifest has it."""

    file: str
    bytes: int
    sha256: str
    verified: bool
    created_at: Instant
    schema_: Annotated[str, Field(alias="schema")]
    application_version: str
    engine_version: str
    key_fingerprint: str
    rows: dict[str, int]
    rows_by_key: dict[str, int]


class BackupList(Answer):
    """The backups that have a manifest, newest first."""

    backups: list[Backup]


class Setting(Answer):
    """A setting: its value (a secret one masked), and where that came from.

    `editable`: it may be stored, and nothing outside overrides it.
    """

    name: str
    variable: str
    value: str | int | bool | None
    origin: str
    meaning: str
    editable: bool


class SettingList(Answer):
    """Every setting. `at_next_start` names those changed that a running service does not heed before."""

    settings: list[Setting]
    at_next_start: list[str]
