"""Change the master key: wrap the data keys anew. No value is sealed again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.audit import current_actor
from app.usecases.key_kit import PROVED_AT
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.audit import Action
from domain.errors import Conflict, DomainError, KeyRefused
from domain.keys import DataKey, MasterKey
from domain.ports import AuditLog, DataKeyStore, KeySource, Lock, Progress, SettingStore


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeyChange:
    """What was done: fingerprints, how many data keys were wrapped anew, and what is left for a person to do."""

    old: str
    new: str
    data_keys: int
    file_replaced: bool
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMasterKey:
    """All data keys in one transaction. Killed at any moment, the next start finds the key that opens the database."""

    keys: DataKeyStore
    key_source: KeySource
    rewrap: Callable[[MasterKey, MasterKey, Sequence[DataKey]], list[DataKey]]
    settings: SettingStore
    lock: Lock
    audit: AuditLog
    progress: Progress

    def __call__(self, new_key_file: str) -> MasterKeyChange:
        """Seal the database under the key in `new_key_file`, and put that key in the place of the key file.

        Raises `KeyRefused` if the file holds no key, `Conflict` if it is the one in use, `Busy`.
        """
        new = self.key_source.read(new_key_file)
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS, on_wait=self._say_that_we_wait):
            old, stored = self.key_source.load(), self.keys.list()
            if old is None:
                raise KeyRefused("the master key is gone from its place", advice="put it back; nothing was changed")
            if old.fingerprint == new.fingerprint:
                raise Conflict(f"{new.fingerprint} is the master key already", advice="nothing was changed")
            wrapped = self.rewrap(old, new, stored)
            in_file = self.key_source.stage(new)
            self._store(old, new, wrapped)
            if in_file:
                self.key_source.promote()
            left = self._erase_former_wrapping()
        return MasterKeyChange(
            old=old.fingerprint,
            new=new.fingerprint,
            data_keys=len(wrapped),
            file_replaced=in_file,
            next_steps=(*self.key_source.elsewhere(), *left, *_AFTERWARDS),
        )

    def _store(self, old: MasterKey, new: MasterKey, wrapped: Sequence[DataKey]) -> None:
        try:
            with self.audit.atomic():
                self.keys.rewrap(wrapped)
                self.settings.unset(PROVED_AT)  # what was proved was the old kit
                detail = f"instead of {old.fingerprint}"
                self.audit.record(current_actor(), Action.KEY_CHANGE_MASTER, new.fingerprint, detail=detail)
        except DomainError:
            self.key_source.discard()
            raise

    def _erase_former_wrapping(self) -> tuple[str, ...]:
        """Return what is left to do if that cannot be done now; the change itself is made."""
        try:
            self.keys.erase_former_wrapping()
        except DomainError as error:
            return (f"stop and start the service: what the old key opened is still in its files ({error.message})",)
        return ()

    def _say_that_we_wait(self) -> None:
        self.progress.note("another process is starting on this state directory; waiting for it")


_AFTERWARDS = (
    "print a new key kit: `strongroom keys kit`",
    "keep the old kit as long as you keep backups from before: only the old key opens them",
)
