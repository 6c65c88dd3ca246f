"""Refresh a token once, whatever happens: of all threads and processes one asks the forge, and the others wait for it.

The forge's refresh token is good for one use, and its answer is not given twice. So: a lease, never a
transaction, is held while the forge is asked; the row is read again under it; the answer is kept in a
journal before it is saved; and it is saved only over the version that was refreshed.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from app.usecases.oauth.attempt import RefreshAttempt, Why
from app.usecases.oauth.keep_answer import KeepAnswer
from domain.connections import FaultKind
from domain.errors import Busy, DomainError, Misconfigured, NeedsReauth, NotConnected, VersionConflict
from domain.instants import SECOND_MS
from domain.oauth import OAuthToken
from domain.ports import Clock, Lease, Leases, OAuthTokenStore
from domain.values import FORGES, SecretValue

LEASE_MS = 60 * SECOND_MS
"""Much longer than the 15 s that a forge is given: a lease that ended under its holder would let a second one ask."""

_PATIENCE_MS = LEASE_MS + 15 * SECOND_MS
_POLL_MS = 50
_SOON_MS = 2 * SECOND_MS
_FORCED_EVERY_MS = 30 * SECOND_MS


class RefreshOutcome(StrEnum):
    """What came of it that somebody needed another token than the stored one. A metric's label: never renamed."""

    REFRESHED = "refreshed"
    WAITED = "waited"
    """Another thread or process had refreshed it by the time that it was our turn."""

    SUPERSEDED = "superseded"
    """The forge was asked, and meanwhile the connection was made anew or ended."""

    CHECKED = "checked"
    """A restored token that nothing refreshes is good."""

    REJECTED = "rejected"
    """The forge takes our grant no more; told once, when that comes out."""

    MISCONFIGURED = "misconfigured"
    BUSY = "busy"
    FAILED = "failed"
    """No new token, for a reason that may pass; the forge may not even have been asked, after a failure just before."""


def _untold(_forge: str, _outcome: RefreshOutcome) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Why a caller wants another token than the one that is there."""

    rejected: SecretValue | None = None
    instead_of: int | None = None
    """The version that is to be refreshed although it is good."""

    def against(self, token: OAuthToken, now: int) -> Why | None:
        """Say why `token` will not do as it is, None if it will."""
        if token.version == self.instead_of:
            return Why.ORDERED
        if token.access_token == self.rejected:
            return Why.REJECTED
        return Why.DUE if token.is_due(now) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshConnection:
    """Gives a forge's token, refreshed first if need be."""

    tokens: OAuthTokenStore
    leases: Leases
    attempt: RefreshAttempt
    keep: KeepAnswer
    clock: Clock
    undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext
    """Holds back what would end the process between a forge's answer and its saving."""

    on_outcome: Callable[[str, RefreshOutcome], None] = _untold
    """Told of every refresh, by its forge; a token that will do as it is, is none."""

    lease_ms: int = LEASE_MS
    _is_ending: threading.Event = field(default_factory=threading.Event)
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
        self.attempt.refuse_hopeless(token)
        if token.refreshed_at is not None and 0 <= self.clock.now() - token.refreshed_at < _FORCED_EVERY_MS:
            return token
        return self._fulfil(forge, Wish(instead_of=token.version))

    def recover(self) -> None:
        """Save what a killed process left in its journal. What cannot be saved now, is when the forge is used next."""
        for forge in FORGES:
            with suppress(DomainError):
                if self.keep.is_left_behind(forge):
                    self._recover(forge)

    @contextmanager
    def kept_from(self, forge: str) -> Iterator[None]:
        """Keep others from refreshing for a `with` block, once what lies in the journal is saved.

        Waits two seconds for whoever is refreshing just now. If that is not enough the block is run all the
        same: what that one is given comes too late, and is given back.
        """
        is_our_turn = self._turns[forge].acquire(timeout=_SOON_MS / SECOND_MS)
        try:
            lease = self._lease_within(forge, _SOON_MS) if is_our_turn else None
            with self._releasing(lease) if lease else nullcontext():
                if lease:
                    with suppress(DomainError):
                        self.keep.save_left_behind(forge)
                yield
        finally:
            if is_our_turn:
                self._turns[forge].release()

    def _lease_within(self, forge: str, patience_ms: int) -> Lease | None:
        give_up_at = self.clock.now() + patience_ms
        while True:
            lease = self.leases.acquire(_name(forge), ttl_ms=self.lease_ms)
            if lease is not None or self.clock.now() >= give_up_at:
                return lease
            self.clock.wait(_POLL_MS)

    def settle(self, patience_s: float) -> None:
        """Wait for the refreshes that this process has begun, and let none begin any more: the process ends."""
        self._is_ending.set()
        for turn in self._turns.values():
            if turn.acquire(timeout=patience_s):
                turn.release()

    def _recover(self, forge: str) -> None:
        lease = self._lease_within(forge, 0)
        if lease is not None:
            with self._releasing(lease):
                self.keep.save_left_behind(forge)

    def _fulfil(self, forge: str, wish: Wish) -> OAuthToken:
        token = self._current(forge)
        if self._against(token, wish) is None:
            return token
        with self._turns[forge]:
            if self._is_ending.is_set():
                raise Busy("the service is ending, and refreshes nothing any more", advice="ask again when it is back")
            return self._in_turn(forge, wish)

    def _against(self, token: OAuthToken, wish: Wish) -> Why | None:
        """Say why `token` will not do, None if it will. Raises `NeedsReauth` if nothing can come of asking."""
        known = self.attempt.refuse_hopeless(token)
        why = wish.against(token, self.clock.now())
        is_unchecked = known is not None and known.kind is FaultKind.UNCHECKED
        return Why.UNCHECKED if why is None and is_unchecked else why

    def _in_turn(self, forge: str, wish: Wish) -> OAuthToken:
        give_up_at = self.clock.now() + _PATIENCE_MS
        while True:
            token = self._current(forge)
            if self._against(token, wish) is None:
                self.on_outcome(forge, RefreshOutcome.WAITED)
                return token
            lease = self.leases.acquire(_name(forge), ttl_ms=self.lease_ms)
            if lease is not None:
                with self._releasing(lease):
                    return self._under_lease(forge, wish)
            if self.clock.now() >= give_up_at:
                self.on_outcome(forge, RefreshOutcome.BUSY)
                raise Busy(f"another process has been refreshing the {forge} token for too long", advice="try again")
            self.clock.wait(_POLL_MS)

    def _under_lease(self, forge: str, wish: Wish) -> OAuthToken:
        self.keep.save_left_behind(forge)
        token = self._current(forge)
        why = self._against(token, wish)
        if why is None:
            self.on_outcome(forge, RefreshOutcome.WAITED)
            return token
        try:
            with self.undisturbed():
                renewed = self.attempt(token, why)
        except DomainError as error:
            self.on_outcome(forge, _outcome_of(error))
            if isinstance(error, VersionConflict):
                return self._current(forge)  # it was connected again meanwhile, or disconnected
            raise
        if renewed.version != token.version:
            self.on_outcome(forge, RefreshOutcome.REFRESHED)
        elif self._against(renewed, wish) is None:
            self.on_outcome(forge, RefreshOutcome.CHECKED)
        else:
            self.on_outcome(forge, RefreshOutcome.FAILED)
        return renewed

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


def _outcome_of(error: DomainError) -> RefreshOutcome:
    match error:
        case VersionConflict():
            return RefreshOutcome.SUPERSEDED
        case NeedsReauth():
            return RefreshOutcome.REJECTED
        case Misconfigured():
            return RefreshOutcome.MISCONFIGURED
        case _:
            return RefreshOutcome.FAILED


def _name(forge: str) -> str:
    return f"oauth:{forge}"
