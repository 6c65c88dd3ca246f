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
    reason: str


class BackupList(Answer):
    """The backups that have a manifest, newest first."""

    backups: list[Backup]


class KeptBackup(Answer):
    """A backup that stays, and why."""

    file: str
    because: list[str]


class Retained(Answer):
    """Which backups stay, and which went or, with `dry_run`, would go."""

    dry_run: bool
    kept: list[KeptBackup]
    removed: list[str]


class Job(Answer):
    """How a job stands. `every` is in seconds, 0: never; `failures` counts those in a row, of `last_error` the last."""

    name: str
    purpose: str
    every: int
    is_running: bool
    last_run_at: Instant | None
    last_success_at: Instant | None
    next_run_at: Instant | None
    is_overdue: bool
    result: str | None
    last_error: str | None
    failures: int


class JobList(Answer):
    """Every job."""

    jobs: list[Job]


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
