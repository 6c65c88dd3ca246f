"""Seals under the active data key; opens with the key that a value names."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from adapters.crypto.data_keys import key_aside, keyed_hash, unwrap
from adapters.crypto.envelope import key_id_of, open_sealed, seal
from domain.errors import Conflict, Integrity, UnknownKey
from domain.keys import SEALS_PER_KEY, DataKey, KeyPurpose, KeyState, MasterKey
from domain.ports import Cipher, DataKeyStore, KeySource, SealContext, Sealed

_ASIDE_ID = bytes(16)
"""No data key has this id: what is sealed aside names none."""

Succession = Callable[[MasterKey, str], None]
"""Makes a data key under that master key, active instead of the one of that id; `Conflict` if another is active."""


@dataclass(frozen=True, slots=True)
class _Active:
    """The key that seals: its id, in both forms that are asked for, and the key itself."""

    id: str
    raw_id: bytes
    key: AESGCM


class AesGcmCipher(Cipher):
    """AES-256-GCM under data keys held unwrapped in memory.

    Building one unwraps every key and opens its canary: it raises `KeyRefused` for the wrong
    master key and `Integrity` for a damaged data key, before anything is sealed or opened. When a data
    key has sealed `seals_per_key` values, `succeed` makes the next one; with a `key_source` it goes
    on when the master key is changed while it runs. `of` names for people what `keys` is kept in.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        master: MasterKey,
        keys: DataKeyStore,
        *,
        key_source: KeySource | None = None,
        seals_per_key: int = SEALS_PER_KEY,
        succeed: Succession | None = None,
        of: str = "this database",
    ) -> None:
        self._master = master
        self._store = keys
        self._key_source = key_source
        self._seals_per_key = seals_per_key
        self._succeed = succeed
        self._of = of
        self._known: set[str] = set()
        self._opening: dict[bytes, AESGCM] = {}
        self._active: _Active | None = None
        self._digest_key: bytes | None = None
        self._loading = threading.Lock()  # what was listed first must not be taken in last
        self._load()

    @property
    @override
    def seals_per_key(self) -> int:
        return self._seals_per_key

    @override
    def renew(self) -> None:
        stored = self._load()
        spent = next((k for k in stored if k.seals_now and k.uses >= self.seals_per_key), None)
        if spent is None or self._succeed is None:
            return
        with suppress(Conflict):  # another process was faster, and its key is as good
            self._succeed(self._master_of(spent.master_fingerprint), spent.id)
        self._load()

    @override
    def seal(self, plaintext: bytes, context: SealContext) -> Sealed:
        active = self._active
        if active is None:
            raise Integrity("there is no active data key", advice="restore the database from a backup")
        return Sealed(active.id, seal(active.key, active.raw_id, plaintext, context))

    @override
    def open(self, blob: bytes, context: SealContext) -> bytes:
        key_id = key_id_of(blob, context)
        if key_id not in self._opening:
            self._load()  # another process may have added a key since
        key = self._opening.get(key_id)
        if key is None:
            raise UnknownKey(
                f"{context.subject} is sealed under data key {UUID(bytes=key_id)}, which is not in the database",
                advice="restore the database from a backup that holds this key",
            )
        return open_sealed(key, blob, context)

    @override
    def key_named_by(self, blob: bytes, context: SealContext) -> str:
        return str(UUID(bytes=key_id_of(blob, context)))

    @override
    def digest(self, kind: str, value: bytes) -> str:
        return keyed_hash(self._hashing_key(), kind, value).hex()

    @override
    def seal_aside(self, plaintext: bytes, context: SealContext) -> bytes:
        return seal(self._aside(), _ASIDE_ID, plaintext, context)

    @override
    def open_aside(self, blob: bytes, context: SealContext) -> bytes:
        return open_sealed(self._aside(), blob, context)

    def _aside(self) -> AESGCM:
        return AESGCM(key_aside(self._hashing_key()))

    def _hashing_key(self) -> bytes:
        if self._digest_key is None:
            raise Integrity("there is no key for keyed hashes", advice="restore the database from a backup")
        return self._digest_key

    def _load(self) -> list[DataKey]:
        """Take in the keys that are new, and which one is active now; returns what is stored.

        A key that was retired since stays in memory: a reader may hold a value that it read before.
        """
        with self._loading:
            stored = self._store.list()
            for data_key in stored:
                if data_key.state is not KeyState.RETIRED:
                    self._take_in(data_key)
            self._active = next((self._as_active(key) for key in stored if key.seals_now), None)
        return stored

    def _take_in(self, stored: DataKey) -> None:
        if stored.id in self._known:
            return
        key = self._unwrapped(stored)
        if stored.purpose is KeyPurpose.DIGEST:
            self._digest_key = key
        else:
            self._opening[UUID(stored.id).bytes] = AESGCM(key)
        self._known.add(stored.id)

    def _unwrapped(self, stored: DataKey) -> bytes:
        return unwrap(self._master_of(stored.master_fingerprint), stored, of=self._of)

    def _master_of(self, fingerprint: str) -> MasterKey:
        """Return the master key of that fingerprint, or the one that was found in its place.

        While it is being changed it may be staged only; the staged one is taken away last.
        """
        if self._key_source is not None and fingerprint != self._master.fingerprint:
            staged, placed = self._key_source.staged(), self._key_source.load()
            found = staged if staged is not None and staged.fingerprint == fingerprint else placed
            self._master = found or self._master
        return self._master

    def _as_active(self, stored: DataKey) -> _Active:
        raw_id = UUID(stored.id).bytes
        return _Active(stored.id, raw_id, self._opening[raw_id])
