"""Where events are kept."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

from domain.audit import Action, AuditEvent, Checkpoint


class AuditLog(Protocol):
    """A chain of events. What cannot be written down must not be done: callers record before they answer."""

    @abstractmethod
    def has_begun(self) -> bool:
        """Tell whether the log was begun. One that was, and was removed as a whole, looks as if it never had."""

    @abstractmethod
    def begin(self) -> None:
        """Vouch for an empty log: with the first keys, or after a person gave up what was there.

        Does nothing if there are events.
        """

    @abstractmethod
    def check(self) -> None:
        """Raise `Integrity`, as `record` would, if the newest event is not what was recorded last."""

    @abstractmethod
    def record(
        self, actor: str, action: Action, subject: str, *, outcome: str = "ok", detail: str | None = None
    ) -> AuditEvent:
        """Append an event, durably. What is not printable in the texts is kept as backslash escapes.

        Raises `DatabaseUnusable` or `Busy` if it cannot be written, and `Integrity` if the newest
        event is not what was recorded last, or the log never began: to go on would hide what was done to it.
        """

    @abstractmethod
    def atomic(self) -> AbstractContextManager[None]:
        """Bind an act to its event, for a `with` block of one thread.

        What the thread stores in the database and what it records become durable together at the
        end of the block, or, if it raises, neither does.
        """

    @abstractmethod
    def head(self) -> Checkpoint:
        """Return where the chain ends: kept elsewhere, it proves later that nothing before it was cut off."""

    @abstractmethod
    def verify(self, *, known: Checkpoint | None = None) -> list[str]:
        """Walk the chain; returns what is wrong, in words, each with the sequence number; empty if all is well.

        Finds an event that was edited, dropped (the newest, too), added or reordered, and `known`, an
        earlier head, not being part of it, and a log that has not begun. What no chain finds by itself
        is an older state of the whole log put back: that takes `known`.
        """

    @abstractmethod
    def count_before(self, before: int) -> int:
        """Count what `prune(before)` would forget."""

    @abstractmethod
    def prune(self, before: int) -> int:
        """Forget the events up to the first at or after the instant `before` (ms UTC), all if there is none.

        A checkpoint under a keyed hash stays, and the rest of the chain still verifies as well, or as
        badly, as it did. Returns how many events went.
        """

    @abstractmethod
    def list(  # noqa: PLR0913 - each is a filter
        self,
        *,
        action: Action | None = None,
        actor: str | None = None,
        subject: str | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:
        """Return the newest events that match, newest first.

        `since` is an instant (ms UTC), the first that counts; `before` is a sequence number, for
        paging: only events recorded before that one.
        """
