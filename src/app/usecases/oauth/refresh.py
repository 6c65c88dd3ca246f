"""Refresh a token once, whatever happens: of all threads and processes one asks the forge, and the others wait for it.

The forge's refresh token is good for one use, and its answer is not given twice. So: a lease, never a
transaction, is held while the forge is asked; the row is read again under it; the answer is kept in a
journal before it is saved; and it is saved only over the version that was refreshed.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from app.usecases.oauth.attempt import RefreshAttempt
from domain.errors import Busy, DomainError, NotConnected, VersionConflict
from domain.instants import SECOND_MS
from domain.oauth import OAuthToken
from domain.ports import Clock, Lease, Leases, OAuthTokenStore
from domain.values import FORGES, SecretValue

LEASE_MS = 60 * SECOND_MS
"""Much longer than the 15 s that a forge is given: a lease that ended under its holder would let a second one ask."""

_PATIENCE_MS = LEASE_MS + 15 * SECOND_MS
_POLL_MS = 50
_FORCED_EVERY_MS = 30 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Wish:
    """Why a caller wants another token than the one that is there."""

    rejected: SecretValue | None = None
    instead_of: int | None = None
    """The version that is to be refreshed although it is good."""

    def is_met_by(self, token: OAuthToken, now: int) -> bool:
        """Tell whether `token` will do as it is."""
        if token.is_due(now) or token.access_token == self.rejected:
            return False
        return token.version != self.instead_of

    @property
    def insists(self) -> bool:
        """Whether the token that is there is no answer, even while the forge cannot be reached."""
        return self.rejected is not None or self.instead_of is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshConnection:
    """Gives a forge's token, refreshed first if need be."""

    tokens: OAuthTokenStore
    leases: Leases
    attempt: RefreshAttempt
    clock: Clock
    undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext
    """Holds back what would end the process between a forge's answer and its saving."""

    lease_ms: int = LEASE_MS
    _turns: Mapping[str, threading.Lock] = field(default_factory=lambda: {forge: threading.Lock() for forge in FORGES})

    def __call__(self, forge: str, *, rejected: SecretValue | None = None) -> OAuthToken:
        """Return a token that is not due and not the one that a caller was `rejected` with.

        Asks the forge only if the stored one is. Raises `NotConnected`, `NeedsReauth`, `Misconfigured`,
        `ForgeFailed` (only if the old one has ended), `Busy` or `Integrity`.
        """
        return self._fulfil(forge, Wish(rejected=rejected))

    def force(self, forge: str) -> OAuthToken:
        """Refresh a token that is good; if that was done within the last 30 seconds, it is returned as it is.

        Raises as calling does, and `ForgeFailed` also while the old token lives.
        """
        token = self._current(forge)
        if token.refreshed_at is not None and 0 <= self.clock.now() - token.refreshed_at < _FORCED_EVERY_MS:
            return token
        return self._fulfil(forge, Wish(instead_of=token.version))

    def recover(self) -> None:
        """Save what a killed process left in its journal. What cannot be saved now, is when the forge is used next."""
        for forge in FORGES:
            with suppress(DomainError):
                if self.attempt.is_left_behind(forge):
                    self._recover(forge)

    def settle(self, patience_s: float) -> None:
        """Wait for the refreshes that this process has begun; new ones are not kept from beginning."""
        for turn in self._turns.values():
            if turn.acquire(timeout=patience_s):
                turn.release()

    def _recover(self, forge: str) -> None:
        lease = self.leases.acquire(_name(forge), ttl_ms=self.lease_ms)
        if lease is not None:
            with self._releasing(lease):
                self.attempt.save_left_behind(forge)

    def _fulfil(self, forge: str, wish: Wish) -> OAuthToken:
        token = self._current(forge)
        if self._will_do(token, wish):
            return token
        with self._turns[forge]:
            return self._in_turn(forge, wish)

    def _will_do(self, token: OAuthToken, wish: Wish) -> bool:
        """Tell whether `token` is good as it is. Raises `NeedsReauth` if nothing can come of asking."""
        self.attempt.refuse_hopeless(token)
        return wish.is_met_by(token, self.clock.now())

    def _in_turn(self, forge: str, wish: Wish) -> OAuthToken:
        give_up_at = self.clock.now() + _PATIENCE_MS
        while True:
            token = self._current(forge)
            if self._will_do(token, wish):
                return token
            lease = self.leases.acquire(_name(forge), ttl_ms=self.lease_ms)
            if lease is not None:
                with self._releasing(lease):
                    return self._under_lease(forge, wish)
            if self.clock.now() >= give_up_at:
                raise Busy(f"another process has been refreshing the {forge} token for too long", advice="try again")
            self.clock.wait(_POLL_MS)

    def _under_lease(self, forge: str, wish: Wish) -> OAuthToken:
        self.attempt.save_left_behind(forge)
        token = self._current(forge)
        if self._will_do(token, wish):
            return token
        try:
            with self.undisturbed():
                return self.attempt(token, insists=wish.insists)
        except VersionConflict:
            return self._current(forge)  # it was connected again meanwhile, or disconnected

    def _current(self, forge: str) -> OAuthToken:
        token = self.tokens.get(forge)
        if token is None:
            raise NotConnected(f"{forge} is not connected", advice=f"`strongroom oauth connect {forge}`")
        return token

    @contextmanager
    def _releasing(self, lease: Lease) -> Iterator[None]:
        try:
            yield
        finally:
            with suppress(DomainError):  # it ends by itself
                self.leases.release(lease)


def _name(forge: str) -> str:
    return f"oauth:{forge}"
