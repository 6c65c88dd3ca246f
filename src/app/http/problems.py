"""What a failed request is told: RFC 9457 problem details, and one table from our errors to statuses."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app.http.preconditions import etag, is_conditional
from domain.errors import (
    Busy,
    Conflict,
    DatabaseUnusable,
    DeliveryFailed,
    DomainError,
    ForgeFailed,
    Integrity,
    Invalid,
    KeyRefused,
    MountRefused,
    NotAllowed,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unreachable,
    VersionConflict,
)
from domain.instants import SECOND_MS
from domain.legacy.text import Malformed
from domain.ports.authorization_server import GrantRefused
from domain.ports.credential_check import CredentialRefused
from domain.ports.legacy_file_source import SourceChanged, SourceRemains, SourceTooLarge, SourceUnreadable

PROBLEM_JSON = "application/problem+json"

STATUSES: Final[Mapping[type[DomainError], int]] = {
    DomainError: HTTPStatus.INTERNAL_SERVER_ERROR,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Malformed: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    CredentialRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    GrantRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Integrity: HTTPStatus.INTERNAL_SERVER_ERROR,
    KeyRefused: HTTPStatus.SERVICE_UNAVAILABLE,
    Unreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnusable: HTTPStatus.SERVICE_UNAVAILABLE,
    MountRefused: HTTPStatus.INTERNAL_SERVER_ERROR,
    DeliveryFailed: HTTPStatus.INTERNAL_SERVER_ERROR,  # no 503: to send it again would store it again
    SourceUnreadable: HTTPStatus.CONFLICT,
    SourceTooLarge: HTTPStatus.CONFLICT,
    SourceChanged: HTTPStatus.CONFLICT,
    SourceRemains: HTTPStatus.CONFLICT,
}

_OF_THE_PROTOCOL: Final[Mapping[int, tuple[str, str]]] = {
    HTTPStatus.NOT_FOUND: ("no_such_path", "nothing is at this path"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "this path does not take that method"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "the body is larger than 1 MiB"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type", "a body of Content-Type application/json is needed"),
}
_RETRY_SOON = {"Retry-After": "1"}


class InvalidBody(Invalid):
    """A body is not what the route takes. `faults` pairs JSON pointers with messages, without any value."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("the body is not what this route takes")
        self.faults = faults


class InvalidQuery(Invalid):
    """A query is not what the route takes. `faults` pairs names with messages, without any value."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in faults))
        self.faults = faults


class Problem(JSONResponse):
    """An answer of the type `application/problem+json`."""

    media_type = PROBLEM_JSON


def status_of(kind: type[DomainError]) -> int:
    """Return the status of an error by its nearest ancestor in the table."""
    return next(STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)


def document(status: int, code: str, detail: str, **more: object) -> dict[str, object]:
    """Return a problem as JSON will say it; members that are None are left out."""
    members = {
        "type": f"urn:strongroom:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "code": code,
        **more,
    }
    return {name: value for name, value in members.items() if value is not None}


def from_error(error: DomainError, headers: Headers) -> Problem:
    """Say what one of our errors means for a request that came with `headers`."""
    status, detail = status_of(type(error)), error.message
    if isinstance(error, VersionConflict):
        # The error names what it is about, which here is the caller's own path.
        detail = f"it is at version {error.actual}, not at {error.expected}"
        status = HTTPStatus.PRECONDITION_FAILED if is_conditional(headers) else status
    said = document(status, error.code, detail, advice=error.advice, **_members(error))
    return Problem(said, status, _headers(error))


def _members(error: DomainError) -> dict[str, object]:
    """Return what an error of this kind says beyond what all do."""
    match error:
        case InvalidBody():
            return {"errors": [{"pointer": pointer, "detail": message} for pointer, message in error.faults]}
        case InvalidQuery():
            return {"errors": [{"parameter": name, "detail": message} for name, message in error.faults]}
        case Integrity():
            return {"cause": error.cause}
        case ForgeFailed():
            return {"may_have_acted": error.may_have_acted}
        case VersionConflict():
            return {"expected": error.expected, "actual": error.actual}
    return {}


def _headers(error: DomainError) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case RateLimited() | ForgeFailed() if error.retry_after_ms is not None:
            return {"Retry-After": str(-(-error.retry_after_ms // SECOND_MS))}
        case Busy():
            return _RETRY_SOON
        case VersionConflict() if error.actual:
            return {"ETag": etag(error.actual)}
    return {}


def from_protocol(error: HTTPException) -> Problem:
    """Say what is wrong with a request that reached no resource, or whose body was refused."""
    code, detail = _OF_THE_PROTOCOL.get(error.status_code, ("bad_request", "the request cannot be served"))
    return Problem(document(error.status_code, code, detail), error.status_code, error.headers)


def internal(request_id: str) -> Problem:
    """Own up to a fault of ours; the log has the rest under `request_id`."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    advice = f"look for the request {request_id} in the log of the service"
    return Problem(
        document(status, "internal", "the service failed; this is a fault of its own", advice=advice), status
    )


def not_ready(reasons: Sequence[str]) -> Problem:
    """Say why the service cannot be used just now."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Problem(document(status, "not_ready", "; ".join(reasons), reasons=list(reasons)), status, _RETRY_SOON)
