"""Reading bodies: at most 1 MiB, strict JSON, checked by a model whose complaints quote nothing."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.problems import InvalidBody
from domain.errors import Invalid
from domain.legacy.files import MIB
from domain.legacy.text import Malformed, parse_json_object

LIMIT = MIB
M = TypeVar("M", bound=BaseModel)


class BodyLimit:
    """Refuses bodies over the limit, by what they declare and by what is really sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; raises `HTTPException` 413, now or while the body is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _check(int(Headers(scope=scope).get("content-length", "0")))
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            _check(received)
            return message

        await self._app(scope, counted, send)


def _check(size: int) -> None:
    if size > LIMIT:
        # What is left of the body must not be taken for the next request.
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})


async def read_body(request: Request, model: type[M]) -> M:
    """Return a request's body as `model`; an empty body is an object without members.

    Raises `Invalid`, naming fields and never values, or `HTTPException` (413, 415).
    """
    raw = await request.body()
    if raw:
        _require_json(request.headers)
    try:
        return model.model_validate(_parsed(raw) if raw else {})
    except ValidationError as error:
        faults = faults_of(error)
    # Raised out here, so that it drags along no complaint of pydantic's, which names unknown fields.
    raise InvalidBody([_fault(fault, names_are_ours=not issubclass(model, RootModel)) for fault in faults])


def faults_of(error: ValidationError) -> list[ErrorDetails]:
    """Return what pydantic says is wrong, and nothing of what was given."""
    return error.errors(include_input=False, include_context=False, include_url=False)


def _require_json(headers: Headers) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _parsed(raw: bytes) -> dict[str, object]:
    try:
        document = parse_json_object(raw, show_key=lambda _key: False)
    except Malformed as error:
        raise Invalid(error.message) from None
    if not _is_text_throughout(document):
        raise Invalid("a text in the body holds half of a surrogate pair")
    return document


def _is_text_throughout(value: object) -> bool:
    """Tell whether every text can be encoded; JSON's escapes can spell what UTF-8 cannot."""
    if isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_is_text_throughout(key) and _is_text_throughout(member) for key, member in value.items())
    return not isinstance(value, list) or all(map(_is_text_throughout, value))


def _fault(fault: Mapping[str, object], *, names_are_ours: bool) -> tuple[str, str]:
    """Say where a fault is and what; a field that we do not know is the caller's text, so it is not repeated."""
    place = fault["loc"] if names_are_ours else ()
    assert isinstance(place, tuple)  # noqa: S101 - pydantic says so
    if fault["type"] == "extra_forbidden":
        return _pointer(place[:-1]), "holds a field that this route does not know"
    return _pointer(place), str(fault["msg"])


def _pointer(place: tuple[object, ...]) -> str:
    return "".join(f"/{step}" for step in place)
