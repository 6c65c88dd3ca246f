"""How long we wait for who is at the other end of a connection: one deadline at a time."""

import asyncio
from collections.abc import Callable

HEAD_S = 10
"""How long the head of a request may take.

It counts from the connection on; on a connection that is kept, from the next head's first byte.
"""

BODY_S = 60
"""How long the body of a request may take from its head on."""

ANSWER_S = 60
"""How long the bytes of an answer may wait for somebody who does not read them."""


class Patience:
    """Waits for one thing at a time, and does what was said if that does not come."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._awaited: object = None
        self._timer: asyncio.TimerHandle | None = None

    def wait_for(self, awaited: object, seconds: float, give_up: Callable[[], None]) -> None:
        """Wait for `awaited`. Who waits for it already goes on doing so: a deadline is not put off byte by byte."""
        if awaited is not self._awaited:
            self.end()
            self._awaited = awaited
            self._timer = self._loop.call_later(seconds, give_up)

    def end(self) -> None:
        """Wait for nothing any more."""
        self._awaited = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
