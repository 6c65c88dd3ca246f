"""The end: one clock for all that is still under way, and a thread that sees to it that the process ends."""

import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

GRACE_S = 7
"""How long requests, and the boot migrations, may go on after the order to stop."""

LAST_S = 1
"""How long the rest may take: the last events of the audit log, and closing the database."""

REFRESH_GRACE_S = 25
"""How long after the order a refresh that was begun may go on.

One that begins at the last moment has the 15 s that a forge is given; the answer must not be lost.
"""

_INTERRUPTED = 130


class Ending:
    """The end of what happens in a `with` block: ordered once, and urged on if somebody has no patience.

    A loop that hangs and a thread that cannot be interrupted would hold up a process for ever. So if
    the block does not end in time, `leave` is called with the exit code. Until then the database is as
    after a crash, which it is made for.
    """

    def __init__(
        self,
        *,
        on_order: Callable[[], object],
        settle: Callable[[float], object],
        leave: Callable[[int], object],
        grace_s: float = GRACE_S,
    ) -> None:
        """`on_order` is called once, `settle` with the seconds that a begun refresh may still take."""
        self._on_order = on_order
        self._settle = settle
        self._leave = leave
        self._grace_s = grace_s
        self._ordered_at: float | None = None
        self._by: signal.Signals | None = None
        self._is_urgent = False
        # A signal handler may come between any two steps of the thread that it interrupts. No lock is fit for that.
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_over = threading.Event()
        self._before = frozenset(threading.enumerate())

    @property
    def exit_code(self) -> int:
        """What the process ends with, as far as it was told from outside to end."""
        return _INTERRUPTED if self._by is signal.SIGINT else 0

    def order(self, by: signal.Signals | None = None) -> None:
        """Begin the end; a later order changes nothing. May be called from anywhere, a signal handler included."""
        if self._ordered_at is None:
            self._by = by
            self._ordered_at = time.monotonic()
            self._news.put(None)

    def urge(self) -> None:
        """Wait for no request any longer, and not for the boot migrations."""
        self._is_urgent = True
        self._news.put(None)

    def remaining(self) -> float:
        """Return for how many seconds what is under way may go on."""
        return 0 if self._is_urgent else self._until(self._grace_s)

    def settle(self) -> None:
        """Wait for the refreshes that were begun. No order cuts that short."""
        self._settle(self._until(REFRESH_GRACE_S))

    def threads_end(self) -> bool:
        """Wait for the threads that were begun since; tells whether they ended.

        A request that is given up leaves its thread behind, at work on the database. Python would wait for it for ever.
        """
        give_up_at = time.monotonic() + max(self.remaining(), LAST_S)
        begun = [each for each in threading.enumerate() if not each.daemon and each not in self._before]
        for each in begun:
            each.join(max(0, give_up_at - time.monotonic()))
        return not any(each.is_alive() for each in begun)

    def cut_off(self) -> None:
        """End the process, whatever it does, except that it refreshes: whoever waited for his turn may have got it."""
        self.settle()
        self._leave(self.exit_code)

    def __enter__(self) -> Self:
        threading.Thread(target=self._guard, name="ending", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over.set()
        self._news.put(None)

    def _until(self, limit_s: float) -> float:
        now = time.monotonic()
        return max(0, (now if self._ordered_at is None else self._ordered_at) + limit_s - now)

    def _guard(self) -> None:
        self._news.get()
        if self._is_over.is_set():
            return
        self._on_order()
        with suppress(queue.Empty):
            self._news.get(timeout=self.remaining())
        if self._is_over.wait(LAST_S):
            return
        self.settle()
        if not self._is_over.wait(LAST_S):
            self.cut_off()
