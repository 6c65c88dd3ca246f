"""Data keys: made, wrapped by the master key, unwrapped, and proved by their canary."""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.crypto.encoding import (
    FORMAT,
    KEY_BYTES,
    NONCE_BYTES,
    WRAPPED_MAGIC,
    length_prefixed,
    wrapping_aad,
)
from adapters.crypto.envelope import open_sealed, seal
from domain.errors import Integrity, KeyRefused
from domain.keys import DataKey, KeyPurpose, KeyState, MasterKey
from domain.ports import SealContext

_WRAPPING_INFO = b"strongroom/v1/wrap-data-keys"
_ASIDE_INFO = b"strongroom/v1/seal-aside"
_CANARY = b"strongroom canary"
_PREFIX = WRAPPED_MAGIC + FORMAT


def create_data_keys(master: MasterKey, now: int) -> list[DataKey]:
    """Make the first keys of a database: one that seals values, one for keyed hashes."""
    return [create_data_key(master, purpose, now) for purpose in KeyPurpose]


def create_sealing_key(master: MasterKey, now: int) -> DataKey:
    """Make one more key that seals values, for the next rotation."""
    return create_data_key(master, KeyPurpose.SEAL, now)


def rewrap(old: MasterKey, new: MasterKey, keys: Iterable[DataKey]) -> list[DataKey]:
    """Wrap `keys` under another master key; nothing else of them changes, so that no value has to be sealed again.

    Raises `KeyRefused` if `old` did not wrap them, `Integrity` if one is damaged.
    """
    return [
        replace(key, wrapped=wrap(new, unwrap(old, key), UUID(key.id), key.purpose), master_fingerprint=new.fingerprint)
        for key in keys
    ]


def open_canaries(master: MasterKey, keys: Iterable[DataKey]) -> int:
    """Unwrap every key and open its canary; returns how many. Raises `KeyRefused` or `Integrity`."""
    return sum(len(unwrap(master, key)) == KEY_BYTES for key in keys)


THIS_DATABASE = "this database"
_OTHER_KEY = (
    "it opens under that key only: keep that key with it, and put it in place to restore it; "
    "`strongroom backup create` makes a backup under the present one"
)


def create_data_key(master: MasterKey, purpose: KeyPurpose, now: int) -> DataKey:
    """Make one active data key, wrapped by `master`."""
    key, key_id = os.urandom(KEY_BYTES), uuid4()
    return DataKey(
        id=str(key_id),
        purpose=purpose,
        state=KeyState.ACTIVE,
        wrapped=wrap(master, key, key_id, purpose),
        canary=_make_canary(key, key_id, purpose),
        master_fingerprint=master.fingerprint,
        created_at=now,
    )


def wrap(master: MasterKey, key: bytes, key_id: UUID, purpose: KeyPurpose) -> bytes:
    """Wrap a data key under the master key."""
    nonce = os.urandom(NONCE_BYTES)
    aad = wrapping_aad(key_id.bytes, purpose, master.fingerprint)
    return _PREFIX + nonce + AESGCM(_wrapping_key(master)).encrypt(nonce, key, aad)


def unwrap(master: MasterKey, stored: DataKey, *, of: str = THIS_DATABASE) -> bytes:
    """Return the data key after its canary has opened; `of` names for people what it is kept in.

    Raises `KeyRefused` if another master key wrapped it, `Integrity` if it is damaged.
    """
    if stored.master_fingerprint != master.fingerprint:
        raise KeyRefused(
            f"wrong master key: {of} was sealed under {stored.master_fingerprint}, "
            f"and {master.source} holds {master.fingerprint}",
            advice="put the right key back; nothing was written" if of == THIS_DATABASE else _OTHER_KEY,
        )
    nonce, body = stored.wrapped[3 : 3 + NONCE_BYTES], stored.wrapped[3 + NONCE_BYTES :]
    try:
        aad = wrapping_aad(UUID(stored.id).bytes, stored.purpose, master.fingerprint)
        key = AESGCM(_wrapping_key(master)).decrypt(nonce, body, aad)
    except (InvalidTag, ValueError):
        raise _damaged(stored) from None
    if not stored.wrapped.startswith(_PREFIX) or not _canary_opens(stored, key):
        raise _damaged(stored)
    return key


def keyed_hash(key: bytes, kind: str, value: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) of a value of one kind."""
    return hmac.digest(key, length_prefixed(kind.encode(), value), hashlib.sha256)


def key_aside(digest_key: bytes) -> bytes:
    """Derive the key for what is sealed outside the database (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_ASIDE_INFO).derive(digest_key)


def _wrapping_key(master: MasterKey) -> bytes:
    """Derive the wrapping key (HKDF, RFC 5869), so that the master key itself encrypts nothing."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_WRAPPING_INFO).derive(master.material.reveal())


def _make_canary(key: bytes, key_id: UUID, purpose: KeyPurpose) -> bytes:
    if purpose is KeyPurpose.DIGEST:
        return keyed_hash(key, "canary", _CANARY)
    return seal(AESGCM(key), key_id.bytes, _CANARY, _canary_context(key_id))


def _canary_opens(stored: DataKey, key: bytes) -> bool:
    if stored.purpose is KeyPurpose.DIGEST:
        return hmac.compare_digest(stored.canary, keyed_hash(key, "canary", _CANARY))
    try:
        return open_sealed(AESGCM(key), stored.canary, _canary_context(UUID(stored.id))) == _CANARY
    except Integrity:
        return False


def _canary_context(key_id: UUID) -> SealContext:
    return SealContext("canary", str(key_id), 0, "canary", f"the canary of data key {key_id}")


def _damaged(stored: DataKey) -> Integrity:
    return Integrity(
        f"data key {stored.id} is damaged: the right master key does not open it",
        advice="restore the database from a backup",
    )
