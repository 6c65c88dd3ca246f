"""Answers about keys."""

from typing import Annotated, Literal

from pydantic import Field

from app.http.answers.answer import Answer, Instant


class MasterKey(Answer):
    """The master key by its fingerprint; `source` is null if it is gone from its place."""

    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    source: str | None


class DataKey(Answer):
    """A data key: `rows` name it now, `uses` it has sealed, of `limit` that it may."""

    id: str
    state: Literal["active", "decrypt_only", "retired"]
    created_at: Instant
    rows: int
    uses: int
    limit: int


class KeyStanding(Answer):
    """How the keys stand. No key is in it."""

    master_key: MasterKey
    data_keys: list[DataKey]
    digest_key: str | None
    kit_proved_at: Instant | None
    warnings: list[str]


class Damage(Answer):
    """A sealed value that does not open: where it is, what it belongs to, and why."""

    table: str
    row: str
    subject: str
    code: str
    message: str
    advice: str | None
    key_id: str | None
    in_value: bool


class Fault(Answer):
    """The error that stands for all the damage."""

    code: str
    message: str
    advice: str | None


class Rotation(Answer):
    """What a rotation did. `error` is there where a value is damaged."""

    new_key: str
    resumed: bool
    resealed: int
    seconds: float
    retired: list[str]
    kept: list[str]
    values: int
    proof: list[str]
    damaged: list[Damage]
    error: Fault | None = None
