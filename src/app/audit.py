"""Who acts: said once at the edge (command line, HTTP, start), and known to all that is done below it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from domain.audit import Action
from domain.errors import DomainError
from domain.ports import AuditLog

BOOT = "boot"
SERVICE = "service"
"""What a running service does by itself."""

LIBRARY = "library"
"""Whoever calls the stores from Python code of his own."""

# A context variable and no argument: it is copied into the thread that starlette runs a handler in.
_actor: ContextVar[str] = ContextVar("actor", default=LIBRARY)


def current_actor() -> str:
    """Return who acts: `cli:<user>`, `token:<id> <name>`, `peer:<uid>`, `boot`, `service` or `library`."""
    return _actor.get()


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Act as `actor` for a `with` block."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)


@contextmanager
def announced(log: AuditLog, action: Action, subject: str, *, detail: str | None = None) -> Iterator[None]:
    """Write down what the block does before it does it: for acts that no transaction can hold.

    If the block fails, a second event says so.
    """
    log.record(current_actor(), action, subject, detail=detail)
    try:
        yield
    except Exception as error:
        outcome = error.code if isinstance(error, DomainError) else DomainError.code
        log.record(current_actor(), action, subject, outcome=outcome, detail=detail)
        raise
