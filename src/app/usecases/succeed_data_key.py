"""The next data key takes over from one that has sealed as many values as it may."""

from collections.abc import Callable
from dataclasses import dataclass

from app.audit import current_actor
from domain.audit import Action
from domain.keys import DataKey, MasterKey
from domain.ports import AuditLog, Clock, DataKeyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedDataKey:
    """Nobody asked for it, so the event says why: it is one of whoever stored the value that needed a key."""

    keys: DataKeyStore
    create_sealing_key: Callable[[MasterKey, int], DataKey]
    clock: Clock
    audit: AuditLog

    def __call__(self, master: MasterKey, instead_of: str) -> None:
        """Make a key under `master`, active instead of the one of that id. Raises `Conflict` if another is active."""
        key = self.create_sealing_key(master, self.clock.now())
        with self.audit.atomic():
            self.keys.activate(key, instead_of=instead_of)
            detail = f"instead of {instead_of}, which has sealed as many values as it may"
            self.audit.record(current_actor(), Action.KEY_ROTATE, key.id, detail=detail)
