"""See how the connection to a forge stands, without asking the forge and without giving its token out."""

from dataclasses import dataclass

from app.usecases.oauth.registration import Registration
from domain.connections import Connection, Status, standing
from domain.errors import Integrity
from domain.ports import Clock, ConnectionFaults, OAuthTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtConnection:
    """No token leaves it, so that looking is no event in the audit log."""

    tokens: OAuthTokenStore
    faults: ConnectionFaults
    registration: Registration
    clock: Clock

    def __call__(self, forge: str) -> Connection:
        """Say how `forge` stands. A damaged row is one forge's trouble: it needs to be connected again."""
        try:
            token = self.tokens.get(forge)
        except Integrity as error:
            return Connection(forge=forge, status=Status.NEEDS_REAUTH, reason=error.message)
        if token is None:
            return Connection(forge=forge, status=Status.NOT_CONNECTED)
        return standing(
            token,
            self.faults.get(forge),
            self.registration.obstacle(token),
            self.clock.now(),
            refreshable=token.refresh_token is not None and self.registration.is_client_of(token),
        )
