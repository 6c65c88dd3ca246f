"""What bodies may hold. Secrets are hidden from the moment they are validated."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, RootModel, model_validator
from pydantic_core import PydanticCustomError

from domain.instants import EARLIEST_MS, END_MS
from domain.values import TEXT_LIMIT, SecretValue

LONGEST_DAYS = 36_500
LONGEST_GRANT = 500
HIGHEST_VERSION = 2**63 - 1
MOST_GRANTS = 100
LONGEST_NAME = 100
LONGEST_SETTING = 4_096

_FIRST_INSTANT, _LAST_INSTANT = EARLIEST_MS, END_MS - 1


def _hidden(raw: object) -> SecretValue:
    if not isinstance(raw, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return SecretValue(raw)


def _whole(raw: object) -> object:
    """Let 13.0 be 13, for JSON has no whole numbers of its own, and a JSON Schema's `integer` takes both."""
    return int(raw) if isinstance(raw, float) and raw.is_integer() else raw


_WHOLE = BeforeValidator(_whole)
Instant = Annotated[
    int, Field(ge=_FIRST_INSTANT, le=_LAST_INSTANT, description="Milliseconds since the Unix epoch, UTC."), _WHOLE
]
SettingName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
SettingText = Annotated[str, Field(max_length=LONGEST_SETTING)]
SessionId = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
Hidden = Annotated[SecretValue, PlainValidator(_hidden, json_schema_input_type=str)]


class Body(BaseModel):
    """A JSON object: no other fields, no other types, and no input in any complaint."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class PutSession(Body):
    """`PUT /sessions/{key}`: `used_at` is now by default."""

    session_id: SessionId
    used_at: Instant | None = None


class SessionRecord(Body):
    """A session as it is stored."""

    key: Annotated[str, Field(max_length=TEXT_LIMIT)]
    session_id: SessionId
    last_used_at: Instant
    created_at: Instant


class MergeSessions(Body):
    """`POST /sessions/merge`: of two with one key, the one used later stays."""

    sessions: list[SessionRecord]


class PruneOptions(Body):
    """`POST /sessions/prune`: how long a session must be unused, or before when; the setting by default."""

    older_than_days: Annotated[int, Field(ge=0, le=LONGEST_DAYS), _WHOLE] | None = None
    before: Annotated[int, Field(ge=0, le=END_MS), _WHOLE] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.older_than_days is not None and self.before is not None:
            raise PydanticCustomError("one_of", "older_than_days and before are not given together")
        return self


class PutSecret(Body):
    """`PUT /secrets/{name}`: `expires_at` in ms UTC; with `verify` a token's forge is asked first if it is good."""

    value: Hidden
    expires_at: Instant | None = None
    verify: bool = False


class RollBack(Body):
    """`POST /secrets/{name}/rollback`: which version becomes the value again."""

    version: Annotated[int, Field(ge=1, le=HIGHEST_VERSION), _WHOLE]


class NewAgentToken(Body):
    """`PATCH /agents/{name}/token`: the token, and whether the forge is asked first if it is good."""

    token: Hidden
    verify: bool = False


class RefreshOptions(Body):
    """`POST /oauth/{forge}/refresh`: the access token that the caller was refused with, if that is why he asks."""

    rejected: Hidden | None = None


class RunOptions(Body):
    """`POST /migrations/run`, `POST /backups/prune`: do it, or say what would be done."""

    dry_run: bool = False


class NewApiToken(Body):
    """`POST /api-tokens`: `expires` is a duration such as `90d`; `agent` adds the grant of one bound to an agent."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    grants: Annotated[list[Annotated[str, Field(max_length=LONGEST_GRANT)]], Field(max_length=MOST_GRANTS)] = []
    agent: str | None = None
    expires: str | None = None


SettingValue = SettingText | Annotated[int, _WHOLE] | None
"""No true and false: no setting that the database may hold is a switch, and true is not 1."""


class SettingChanges(RootModel[Annotated[dict[SettingName, SettingValue], Field(min_length=1)]]):
    """`PATCH /settings`: at least one value, by name in lower case; null forgets one."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    def as_text(self) -> dict[str, str | None]:
        """Return the values as the settings table keeps them."""
        return {name: None if value is None else _as_text(value) for name, value in self.root.items()}


def _as_text(value: str | int) -> str:
    return value if isinstance(value, str) else str(value)
