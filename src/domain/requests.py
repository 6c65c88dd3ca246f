"""Requests that their callers name, so that sending one again does not do it again."""

from dataclasses import dataclass

from domain.instants import DAY_MS

KEPT_FOR_MS = DAY_MS
"""How long a request is remembered after it was begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request was answered with. `body` is JSON without any secret; `etag` is None where there was none."""

    status: int
    body: str
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRequest:
    """A request that was begun at `begun_at` (ms UTC). `fingerprint` is a keyed hash of all that was asked.

    `reply` is None while it has none: it is being done, or the process that did it ended in the middle.
    """

    fingerprint: str
    begun_at: int
    reply: Reply | None = None
