"""What bodies may hold. Secrets are hidden from the moment they are validated."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from domain.values import SecretValue

LONGEST_DAYS = 36_500
LONGEST_GRANT = 500
HIGHEST_VERSION = 2**63 - 1
MOST_GRANTS = 100


def _hidden(raw: object) -> SecretValue:
    if not isinstance(raw, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return SecretValue(raw)


Hidden = Annotated[SecretValue, PlainValidator(_hidden, json_schema_input_type=str)]


class Body(BaseModel):
    """A JSON object: no other fields, no other types, and no input in any complaint."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class PutSession(Body):
    """`PUT /sessions/{key}`."""

    session_id: str


class PruneOptions(Body):
    """`POST /sessions/prune`: how long a session must be unused; the setting by default."""

    older_than_days: int | None = Field(default=None, ge=0, le=LONGEST_DAYS)


class PutSecret(Body):
    """`PUT /secrets/{name}`: `expires_at` in ms UTC; with `verify` a token's forge is asked first if it is good."""

    value: Hidden
    expires_at: int | None = None
    verify: bool = False


class RollBack(Body):
    """`POST /secrets/{name}/rollback`: which version becomes the value again."""

    version: int = Field(ge=1, le=HIGHEST_VERSION)


class NewAgentToken(Body):
    """`PATCH /agents/{name}/token`: the token, and whether the forge is asked first if it is good."""

    token: Hidden
    verify: bool = False


class RefreshOptions(Body):
    """`POST /oauth/{forge}/refresh`: the access token that the caller was refused with, if that is why he asks."""

    rejected: Hidden | None = None


class RunOptions(Body):
    """`POST /migrations/run`."""

    dry_run: bool = False


class NewApiToken(Body):
    """`POST /api-tokens`: `expires` is a duration such as `90d`."""

    name: str
    grants: list[Annotated[str, Field(max_length=LONGEST_GRANT)]] = Field(max_length=MOST_GRANTS)
    expires: str | None = None
