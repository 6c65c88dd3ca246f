"""From a problem document back to our error: one table, built from the tree of errors."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import domain.legacy.text
import domain.ports  # noqa: F401 - so that every error of the domain is in the tree
from app.client.documents import Document, json_object, member, member_or_none
from app.client.exchange import Answer, NotUnderstood
from domain.errors import (
    Conflict,
    DomainError,
    ForgeFailed,
    Integrity,
    Invalid,
    NotAllowed,
    RateLimited,
    Unauthenticated,
    Unreachable,
    VersionConflict,
)
from domain.instants import SECOND_MS

PROBLEM_JSON = "application/problem+json"
_LONGEST_WAIT = 9
"""Digits of a Retry-After."""


def _tree(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


_OURS = tuple(kind for kind in _tree(DomainError) if kind.__module__.partition(".")[0] == "domain")

BY_CODE: Final[Mapping[str, type[DomainError]]] = {kind.code: kind for kind in _OURS if "code" in vars(kind)}
"""The class that each code was first given to."""

BY_CAUSE: Final[Mapping[str, type[Integrity]]] = {kind.cause: kind for kind in _OURS if issubclass(kind, Integrity)}
"""The leaf of `Integrity` for each cause: those share a code."""

_BY_STATUS: Final[Mapping[int, type[DomainError]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthenticated,
    HTTPStatus.FORBIDDEN: NotAllowed,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.PRECONDITION_FAILED: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
    HTTPStatus.BAD_GATEWAY: Unreachable,
    HTTPStatus.SERVICE_UNAVAILABLE: Unreachable,
    HTTPStatus.GATEWAY_TIMEOUT: Unreachable,
}
"""For codes that we do not know; what is not here goes by its hundred."""


def error_of(answer: Answer) -> DomainError:
    """Return the error that an answer tells of; raises `NotUnderstood` if it is no problem document."""
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != PROBLEM_JSON:
        raise NotUnderstood(f"answers with status {answer.status}, and does not say why")
    problem = json_object(answer.content)
    return _rebuilt(_kind(problem, answer.status), problem, answer)


def _kind(problem: Document, status: int) -> type[DomainError]:
    kind = BY_CODE.get(member(problem, "code", str))
    if kind is Integrity:
        return BY_CAUSE.get(member_or_none(problem, "cause", str) or Integrity.cause, Integrity)
    return kind or _by_status(status)


def _by_status(status: int) -> type[DomainError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Invalid if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR else DomainError


def _rebuilt(kind: type[DomainError], problem: Document, answer: Answer) -> DomainError:
    detail, advice = member(problem, "detail", str), member_or_none(problem, "advice", str)
    if kind is VersionConflict:
        expected, actual = member(problem, "expected", int), member(problem, "actual", int)
        return VersionConflict("it", expected=expected, actual=actual)
    if kind is ForgeFailed:
        may_have_acted = member_or_none(problem, "may_have_acted", bool) or False
        waits = _retry_after_ms(answer)
        return ForgeFailed(detail, advice=advice, retry_after_ms=waits, may_have_acted=may_have_acted)
    if kind is RateLimited:
        return RateLimited(detail, advice=advice, retry_after_ms=_retry_after_ms(answer))
    return kind(detail, advice=advice)


def _retry_after_ms(answer: Answer) -> int | None:
    """Read Retry-After in seconds, as the service writes it."""
    said = answer.headers.get("retry-after", "")
    return int(said) * SECOND_MS if said.isascii() and said.isdecimal() and len(said) <= _LONGEST_WAIT else None
