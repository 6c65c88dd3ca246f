"""What every answer is: a model that declares all that goes out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

Instant = Annotated[int, Field(description="Milliseconds since the Unix epoch, UTC.")]


class Answer(BaseModel):
    """A JSON object, made of an object of the domain, or of a document of `app.documents`.

    Nothing goes out that is not declared: a field too many is a fault of ours.
    """

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, frozen=True, hide_input_in_errors=True, serialize_by_alias=True
    )

    @classmethod
    def of(cls, source: object) -> Self:
        """Return the answer that shows `source`."""
        return cls.model_validate(source)


def answer(shown: Answer, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response that holds `shown`; a field that was not set is left out."""
    body = shown.model_dump_json(exclude_unset=True)
    return Response(body, status, dict(headers or {}), media_type="application/json")
