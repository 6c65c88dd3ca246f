"""What a method of a path takes and answers: said beside its handler, and read by the OpenAPI document."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

from pydantic import BaseModel

from app.http.answers import Answer

F = TypeVar("F", bound=Callable[..., object])
_DECLARED: Final = "operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation as its handler is told to be.

    `answers` is the body of the answer with `status`; None: it has no body. With a
    `media_type` it is a text of that type instead. `or_status` is a second status
    of success. `conditional`: If-Match and If-None-Match are heeded; `tagged`: the answer carries an ETag.
    `refuses` are statuses beyond those that every operation of its kind may end with.
    `at_most_once`: heeds an Idempotency-Key. `shown_once`: its answer holds a value that is never shown again.
    """

    takes: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answers: type[Answer] | None = None
    media_type: str | None = None
    status: int = HTTPStatus.OK
    or_status: int | None = None
    conditional: bool = False
    tagged: bool = False
    refuses: tuple[int, ...] = ()
    is_open: bool = False
    at_most_once: bool = False
    shown_once: bool = False


def operation(declared: Operation) -> Callable[[F], F]:
    """Declare what a handler takes and answers."""

    def mark(handler: F) -> F:
        setattr(handler, _DECLARED, declared)
        return handler

    return mark


def operation_of(handler: Callable[..., object]) -> Operation:
    """Return what was declared of `handler`."""
    declared = getattr(handler, _DECLARED)
    assert isinstance(declared, Operation)  # noqa: S101 - `operation` set it
    return declared
