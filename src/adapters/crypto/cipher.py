"""Seals under the active data key; opens with the key that a value names."""

from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from adapters.crypto.data_keys import keyed_hash, unwrap
from adapters.crypto.envelope import key_id_of, open_sealed, seal
from domain.errors import Integrity
from domain.keys import KeyPurpose, KeyState, MasterKey
from domain.ports import Cipher, DataKeyStore, SealContext, Sealed


class AesGcmCipher(Cipher):
    """AES-256-GCM under data keys held unwrapped in memory.

    Building one unwraps every key and opens its canary: it raises `KeyRefused` for the wrong
    master key and `Integrity` for a damaged data key, before anything is sealed or opened.
    """

    def __init__(self, master: MasterKey, keys: DataKeyStore) -> None:
        self._master = master
        self._store = keys
        self._sealing: dict[bytes, AESGCM] = {}
        self._active: UUID | None = None
        self._digest_key: bytes | None = None
        self._load()

    @override
    def seal(self, plaintext: bytes, context: SealContext) -> Sealed:
        if self._active is None:
            raise Integrity("there is no active data key", advice="restore the database from a backup")
        key_id = self._active.bytes
        return Sealed(str(self._active), seal(self._sealing[key_id], key_id, plaintext, context))

    @override
    def open(self, blob: bytes, context: SealContext) -> bytes:
        key_id = key_id_of(blob, context)
        if key_id not in self._sealing:
            self._load()  # another process may have added a key since
        key = self._sealing.get(key_id)
        if key is None:
            raise Integrity(
                f"{context.subject} is sealed under data key {UUID(bytes=key_id)}, which is not in the database",
                advice="restore the database from a backup that holds this key",
            )
        return open_sealed(key, blob, context)

    @override
    def digest(self, kind: str, value: bytes) -> str:
        if self._digest_key is None:
            raise Integrity("there is no key for keyed hashes", advice="restore the database from a backup")
        return keyed_hash(self._digest_key, kind, value).hex()

    def _load(self) -> None:
        for stored in self._store.list():
            if stored.state is KeyState.RETIRED:
                continue
            key = unwrap(self._master, stored)
            if stored.purpose is KeyPurpose.DIGEST:
                self._digest_key = key
                continue
            self._sealing[UUID(stored.id).bytes] = AESGCM(key)
            if stored.state is KeyState.ACTIVE:
                self._active = UUID(stored.id)
