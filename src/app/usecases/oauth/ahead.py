"""Refresh the tokens that are in use before anybody has to wait for it, and check those that were restored."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.usecases.oauth.refresh import RefreshConnection
from app.usecases.open_tokens import open_tokens
from domain.audit import Action
from domain.connections import FaultKind
from domain.errors import DomainError, Integrity
from domain.oauth import OAuthToken
from domain.ports import Clock, ConnectionFaults, LastActs, OAuthTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshAhead:
    """One that nobody has asked for since it was refreshed is left to end: its refresh token lives on."""

    tokens: OAuthTokenStore
    faults: ConnectionFaults
    last_acts: LastActs
    refresh: RefreshConnection
    clock: Clock

    def __call__(self) -> list[str]:
        """Refresh what is due soon and in use; returns what was done. Raises the first fault, after all were tried."""
        done: list[str] = []
        faults: list[DomainError] = []
        for forge, token in open_tokens(self.tokens):
            if isinstance(token, Integrity):
                continue  # told by the check-up; nothing here can mend it
            try:
                done += self._look_after(forge, token)
            except DomainError as error:
                faults.append(error)
        if faults:
            raise faults[0]
        return done

    def _look_after(self, forge: str, token: OAuthToken) -> Iterator[str]:
        if self._is_unchecked(token):
            if not self._is_unchecked(self.refresh(forge)):
                yield f"checked {forge}"
        elif token.is_due_soon(self.clock.now()) and self._is_in_use(forge, token):
            self.refresh.force(forge)
            yield f"refreshed {forge}"

    def _is_unchecked(self, token: OAuthToken) -> bool:
        fault = self.faults.get(token.forge_type)
        return fault is not None and fault.token_version == token.version and fault.kind is FaultKind.UNCHECKED

    def _is_in_use(self, forge: str, token: OAuthToken) -> bool:
        asked = self.last_acts.of(Action.OAUTH_READ, subject=forge).get(forge)
        return asked is not None and asked.at >= (token.refreshed_at or token.connected_at or 0)
