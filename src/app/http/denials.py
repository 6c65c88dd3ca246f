"""Who was turned away is written down: each time; of who floods us one a second, and a count of the rest.

All strangers together have no more than one caller has: addresses cost nothing, and none may fill the disk.
"""

import logging
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from domain.audit import Action
from domain.errors import DomainError
from domain.instants import SECOND_MS
from domain.ports import AuditLog, Clock

AT_ONCE = 20
"""Events of one caller that are written without delay. One more is earned a second, so that nobody fills the disk."""

_log = logging.getLogger("strongroom.http")

_MOST_CALLERS = 1_000
_LONGEST_SUBJECT = 200
STRANGER = "unknown:"
"""How the name of a caller begins whose token we do not know."""

_CROWD = f"{STRANGER}many"
"""Stands for every further caller once very many are turned away at the same time."""


@dataclass(slots=True)
class _Caller:
    """How many events a caller may leave now, as of the instant `at`, and how many were only counted."""

    at: int
    allowed: float = AT_ONCE
    uncounted: int = 0

    def earn(self, now: int) -> None:
        self.allowed = min(AT_ONCE, self.allowed + max(0, now - self.at) / SECOND_MS)
        self.at = now

    @property
    def is_calm(self) -> bool:
        return self.allowed >= AT_ONCE and not self.uncounted


class Denials:
    """Used from the event loop alone, so it needs no lock. What was not written one by one is written as a count."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._callers: dict[str, _Caller] = {}
        self._strangers = _Caller(clock.now())

    async def note(self, caller: str, request: str, error: DomainError) -> None:
        """Write down that `caller` was refused `request`. Raises what the log raises if it cannot be written."""
        caller, now = self._name(caller), self._clock.now()
        known = self._callers.setdefault(caller, _Caller(now))
        shares = [known, self._strangers] if caller.startswith(STRANGER) else [known]
        for share in shares:
            share.earn(now)
        if any(share.allowed < 1 for share in shares):
            known.uncounted += 1
            return
        for share in shares:
            share.allowed -= 1
        missed, known.uncounted = known.uncounted, 0
        detail = f"turned away besides since the event before: {missed}" if missed else None
        try:
            await self._record(caller, request[:_LONGEST_SUBJECT], error.code, detail)
        except BaseException:
            known.uncounted += missed
            for share in shares:
                share.allowed += 1
            raise

    async def settle(self) -> None:
        """Write down what was only counted so far, for the service ends."""
        for caller, known in self._callers.items():
            missed, known.uncounted = known.uncounted, 0
            if missed:
                await self._settle(caller, missed)

    async def _settle(self, caller: str, missed: int) -> None:
        """Nobody is left to be told of a fault but who reads the service's own log."""
        try:
            await self._record(caller, "further requests", "counted", f"turned away: {missed}")
        except DomainError as error:
            _log.error("%d denials of %s are in no audit log: %s", missed, caller, error.message)

    async def _record(self, caller: str, subject: str, outcome: str, detail: str | None) -> None:
        await run_in_threadpool(self._audit.record, caller, Action.DENIED, subject, outcome=outcome, detail=detail)

    def _name(self, caller: str) -> str:
        """Return the name under which this caller is counted; forgets who is calm again if there are very many."""
        if caller in self._callers or len(self._callers) < _MOST_CALLERS:
            return caller
        now = self._clock.now()
        for known in self._callers.values():
            known.earn(now)
        self._callers = {name: known for name, known in self._callers.items() if not known.is_calm}
        return caller if len(self._callers) < _MOST_CALLERS else _CROWD
