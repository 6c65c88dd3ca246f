"""A sealed value: `SR`, format version, key id, nonce, ciphertext and tag (docs/formats.md)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.crypto.encoding import (
    FORMAT,
    KEY_ID_BYTES,
    NONCE_BYTES,
    SEALED_MAGIC,
    TAG_BYTES,
    sealing_aad,
)
from domain.errors import Integrity, NotSealed
from domain.ports import SealContext

_PREFIX = SEALED_MAGIC + FORMAT
_NONCE_AT = len(_PREFIX) + KEY_ID_BYTES
_BODY_AT = _NONCE_AT + NONCE_BYTES


def seal(key: AESGCM, key_id: bytes, plaintext: bytes, context: SealContext) -> bytes:
    """Seal `plaintext` for one place, under a nonce of its own."""
    nonce = os.urandom(NONCE_BYTES)
    return _PREFIX + key_id + nonce + key.encrypt(nonce, plaintext, sealing_aad(context, key_id))


def key_id_of(blob: bytes, context: SealContext) -> bytes:
    """Return the id of the key that `blob` names; raises `NotSealed` if it is no sealed value."""
    if not blob.startswith(SEALED_MAGIC) or len(blob) < _BODY_AT + TAG_BYTES:
        raise NotSealed(
            f"{context.subject} is not sealed: something else wrote into the database",
            advice="find out what writes there; take the value for exposed, and set a new one",
        )
    if not blob.startswith(_PREFIX):
        raise NotSealed(
            f"{context.subject} is sealed in a format that this version does not know",
            advice="use the version that wrote it",
        )
    return blob[len(_PREFIX) : _NONCE_AT]


def open_sealed(key: AESGCM, blob: bytes, context: SealContext) -> bytes:
    """Open `blob` with the one key that it names; raises `Integrity` if it was moved or damaged."""
    key_id = key_id_of(blob, context)
    try:
        return key.decrypt(blob[_NONCE_AT:_BODY_AT], blob[_BODY_AT:], sealing_aad(context, key_id))
    except (InvalidTag, ValueError, OverflowError):  # the latter two: a row whose id or version was changed
        raise Integrity(
            f"{context.subject} is damaged, or was moved here from another row",
            advice="set it again, or restore a backup",
        ) from None
