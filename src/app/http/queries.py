"""What may stand in the query of an address. Unknown names are passed over, as HTTP has it."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from app.http.bodies import faults_of
from app.http.problems import InvalidQuery

HIGHEST_LIMIT = 1_000
HIGHEST_SEQUENCE = 10**18
LONGEST_TEXT = 1_024
_DIGITS = 19

Q = TypeVar("Q", bound=BaseModel)


def _number(raw: object) -> int:
    """Read digits: pydantic by itself takes `1.0`, blanks around it and digits of other scripts, too."""
    if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) <= _DIGITS:
        return int(raw)
    raise PydanticCustomError("int_parsing", "Input should be a whole number")


def _flag(raw: object) -> bool:
    if raw not in {"0", "1"}:
        raise PydanticCustomError("bool_parsing", "Input should be 0 or 1")
    return raw == "1"


_NUMBER = BeforeValidator(_number)
Flag = Annotated[bool, BeforeValidator(_flag, json_schema_input_type=int), Field(json_schema_extra={"enum": [0, 1]})]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Limit = Annotated[int, Field(ge=1, le=HIGHEST_LIMIT, description="How many at most."), _NUMBER]


class Query(BaseModel):
    """A query; each name at most once."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class SessionQuery(Query):
    """`GET /sessions`: keys that start with `prefix` and sort behind `after`."""

    prefix: Text = ""
    after: Text | None = None
    limit: Limit = 100


class SecretQuery(Query):
    """`GET /secrets`: names that sort behind `after`; with `check`, whether each value opens. Without `limit` all."""

    after: Text | None = None
    limit: Limit | None = None
    check: Flag = False


class AgentQuery(Query):
    """`GET /agents`: names that sort behind `after`. Without `limit` all."""

    after: Text | None = None
    limit: Limit | None = None


class VersionQuery(Query):
    """`GET /v1/secret/data/{name}`: which version; 0, or none, is the newest."""

    version: Annotated[int, Field(ge=0, le=HIGHEST_SEQUENCE), _NUMBER] = 0


class AuditQuery(Query):
    """`GET /audit`: `since` is an instant or an age such as `7d`; `before` is a sequence number."""

    action: Text | None = None
    actor: Text | None = None
    subject: Text | None = None
    since: Text | None = None
    before: Annotated[int, Field(ge=1, le=HIGHEST_SEQUENCE), _NUMBER] | None = None
    limit: Limit = 100


def read_query(request: Request, model: type[Q]) -> Q:
    """Return the query of `request`; raises `Invalid`, naming parameters and never values."""
    given = request.query_params
    twice = [name for name in model.model_fields if len(given.getlist(name)) > 1]
    if twice:
        raise InvalidQuery([(name, "stands there more than once") for name in twice])
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        faults = faults_of(error)
    raise InvalidQuery([(str(fault["loc"][0]), str(fault["msg"])) for fault in faults])
