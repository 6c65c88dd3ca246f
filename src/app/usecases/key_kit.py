"""The key kit: what is kept offline so that a lost key file is no lost database, and the proof that it would do."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.audit import current_actor
from domain.audit import Action
from domain.errors import Invalid, KeyRefused
from domain.keys import DataKey, MasterKey, encode_master_key, parse_master_key
from domain.ports import AuditLog, Clock, DataKeyStore, KeySource, SettingStore
from domain.values import SecretValue

PROVED_AT = "key_kit_proved_at"
"""The setting that holds when a kit was last proved, in milliseconds UTC."""

_GROUP = 4
_KEY_LINE = re.compile(r"(?m)^\s*key\s+(\S.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyKit:
    """A master key to write down, in groups of four characters; `proved_at` is when a kit last was."""

    fingerprint: str
    key: SecretValue
    made_at: int
    proved_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KitProof:
    """A kit's key opened the canaries of this many data keys."""

    fingerprint: str
    data_keys: int
    proved_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeKeyKit:
    """That a kit was made is an event: whoever has it has everything."""

    key_source: KeySource
    settings: SettingStore
    audit: AuditLog
    clock: Clock

    def __call__(self) -> KeyKit:
        """Return the kit of the key in use. Raises `KeyRefused`."""
        master = self.key_source.load()
        if master is None:
            raise KeyRefused("the master key is gone from its place", advice="put it back")
        self.audit.record(current_actor(), Action.KEY_KIT, master.fingerprint, detail="made")
        text = encode_master_key(master).decode().strip()
        return KeyKit(
            fingerprint=master.fingerprint,
            key=SecretValue(" ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))),
            made_at=self.clock.now(),
            proved_at=proved_at(self.settings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveKeyKit:
    """Opens every canary with the key of a kit, and notes when."""

    keys: DataKeyStore
    open_canaries: Callable[[MasterKey, Sequence[DataKey]], int]
    settings: SettingStore
    audit: AuditLog
    clock: Clock

    def __call__(self, text: SecretValue) -> KitProof:
        """Prove a kit by its text, or by its key alone. Raises `KeyRefused` if the key is not this database's."""
        line = _KEY_LINE.search(text.reveal())
        bare = "".join((line[1] if line else text.reveal()).split())
        if not bare.isascii():
            raise Invalid("what was given is no key", advice="give the kit, or the line in it that begins with key")
        opened, now = self._opened_with(bare.encode()), self.clock.now()
        with self.audit.atomic():
            self.settings.set(PROVED_AT, str(now))
            self.audit.record(current_actor(), Action.KEY_KIT, opened.fingerprint, detail="proved")
        return KitProof(fingerprint=opened.fingerprint, data_keys=opened.data_keys, proved_at=now)

    def _opened_with(self, text: bytes) -> "_Opened":
        try:
            master = parse_master_key(text, "the kit")
            return _Opened(master.fingerprint, self.open_canaries(master, self.keys.list()))
        except KeyRefused as error:
            advice = "look for typing errors; a kit from before `keys change-master` opens only backups from before"
            raise KeyRefused(f"this kit proves nothing: {error.message}", advice=advice) from None


@dataclass(frozen=True, slots=True)
class _Opened:
    """With the key of that fingerprint, the canaries of so many data keys."""

    fingerprint: str
    data_keys: int


def proved_at(settings: SettingStore) -> int | None:
    """Return when a kit of the key in use was last proved, None if never."""
    stored = settings.all().get(PROVED_AT, "")
    return int(stored) if stored.isdecimal() else None
