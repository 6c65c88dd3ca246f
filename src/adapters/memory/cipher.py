"""Sealing without encryption: a blob is a ticket, and what it stands for never leaves memory."""

import hashlib
import hmac
import secrets
from threading import Lock

from typing_extensions import override

from domain.errors import Integrity
from domain.ports import Cipher, SealContext, Sealed

_KEY_ID = "memory"
_DIGEST_KEY = b"strongroom/memory"
_TICKET_BYTES = 16

_Place = tuple[str, str, int, str]


class MemoryCipher(Cipher):
    """Tickets in a dict. It binds a value to its place as a real cipher does, and fails with the same errors."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sealed: dict[bytes, tuple[bytes, _Place]] = {}

    @override
    def seal(self, plaintext: bytes, context: SealContext) -> Sealed:
        ticket = secrets.token_bytes(_TICKET_BYTES)
        with self._lock:
            self._sealed[ticket] = (plaintext, _place(context))
        return Sealed(_KEY_ID, ticket)

    @override
    def open(self, blob: bytes, context: SealContext) -> bytes:
        with self._lock:
            found = self._sealed.get(blob)
        if found is None:
            raise Integrity(f"{context.subject} is damaged, or was never sealed here")
        plaintext, place = found
        if place != _place(context):
            raise Integrity(f"{context.subject} was moved from another place")
        return plaintext

    @override
    def digest(self, kind: str, value: bytes) -> str:
        label = kind.encode()
        return hmac.digest(_DIGEST_KEY, len(label).to_bytes(4, "big") + label + value, hashlib.sha256).hex()


def _place(context: SealContext) -> _Place:
    return (context.kind, context.row_id, context.version, context.field)
