"""How the keys stand: what each has sealed, and what is sealed under it now."""

from dataclasses import dataclass

from app.usecases.key_kit import proved_at
from domain.keys import DataKey, KeyPurpose, KeyState
from domain.ports import Cipher, DataKeyStore, KeySource, SealedRows, SettingStore

WARNED_FROM = 0.5
"""The share of the values that a key may seal from which on people are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """A data key that seals values: `rows` name it now, `uses` it has sealed, of `limit` that it may."""

    id: str
    state: KeyState
    created_at: int
    rows: int
    uses: int
    limit: int

    @property
    def warning(self) -> str | None:
        """Say that the active key nears its limit, and what happens then."""
        if self.state is not KeyState.ACTIVE or self.uses < WARNED_FROM * self.limit:
            return None
        return (
            f"data key {self.id} has sealed {self.uses / self.limit:.0%} of the values that it may; "
            "a new one takes over at 100 %, or now: `strongroom keys rotate`"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """The keys as they stand. `master_source` is None if the master key is gone from its place."""

    master_fingerprint: str
    master_source: str | None
    sealing_keys: tuple[SealingKey, ...]
    digest_key: str | None
    kit_proved_at: int | None

    @property
    def warnings(self) -> list[str]:
        """What a person should know."""
        spent = [key.warning for key in self.sealing_keys if key.warning]
        former = [key for key in self.sealing_keys if key.state is KeyState.DECRYPT_ONLY]
        return [*spent, *map(_unfinished, former)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """Looks; changes nothing."""

    keys: DataKeyStore
    rows: SealedRows
    key_source: KeySource
    cipher: Cipher
    settings: SettingStore

    def __call__(self) -> KeyStanding:
        """Return how the keys stand, oldest first."""
        stored, counts, master = self.keys.list(), self.rows.count_by_key(), self.key_source.load()
        return KeyStanding(
            master_fingerprint=stored[-1].master_fingerprint,
            master_source=master.source if master else None,
            sealing_keys=tuple(self._shown(key, counts.get(key.id, 0)) for key in stored if _seals(key)),
            digest_key=next((key.id for key in stored if not _seals(key)), None),
            kit_proved_at=proved_at(self.settings),
        )

    def _shown(self, key: DataKey, rows: int) -> SealingKey:
        limit = self.cipher.seals_per_key
        return SealingKey(id=key.id, state=key.state, created_at=key.created_at, rows=rows, uses=key.uses, limit=limit)


def _unfinished(former: SealingKey) -> str:
    if not former.rows:
        return f"nothing is sealed under data key {former.id} any more: `strongroom keys rotate` proves and retires it"
    return (
        f"{former.rows:,} values are still sealed under data key {former.id}: `strongroom keys rotate` seals again "
        "what opens, and `strongroom keys verify` names what does not"
    )


def _seals(key: DataKey) -> bool:
    return key.purpose is KeyPurpose.SEAL
