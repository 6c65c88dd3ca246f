"""Bring a secret that was changed to every open mount, before whoever changed it is answered."""

from dataclasses import dataclass

from app.usecases.mounts.feed import FeedMount
from domain.errors import DeliveryFailed, DomainError
from domain.instants import SECOND_MS
from domain.mounts import Mount
from domain.ports import Lock
from domain.values import AGENT_TOKEN_PREFIX, PENPOT_TOKEN

_PATIENCE_MS = 2 * SECOND_MS
"""How long whoever changed a secret waits for others at the mounts: a running service would bring it a second later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshMounts:
    """In no transaction: the mounts are brought to what the database says, which must be true by then.

    Values are compared and not only numbers of versions, which a database from a backup counts once more.
    """

    feed: FeedMount
    lock: Lock

    def __call__(self, secret: str) -> None:
        """Refresh the mounts that hold `secret`; does nothing where none is open.

        Raises `DeliveryFailed` if one of them could not be; the change of the secret stands, and a running
        service goes on trying.
        """
        try:
            if not self._fed_by(secret):
                return
            with self.lock.hold(patience_ms=_PATIENCE_MS):
                failures = [f for mount in self._fed_by(secret) for f in self.feed(mount, thorough=True).failures]
        except DomainError as error:
            failures = [error]
        if failures:
            raise DeliveryFailed(
                f"{secret} is changed in the database, and a container was not given that: {failures[0].message}",
                advice="a running service tries again every second; without one, `strongroom mounts reconcile`",
            ) from failures[0]

    def _fed_by(self, secret: str) -> list[Mount]:
        """Find the open mounts that hold a secret."""
        if secret == PENPOT_TOKEN:
            return [mount for mount in self.feed.register.all() if mount.is_open]
        agent = secret.removeprefix(AGENT_TOKEN_PREFIX)
        mount = self.feed.register.find(agent) if agent != secret else None
        return [mount] if mount is not None and mount.is_open else []
