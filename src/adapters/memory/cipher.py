"""Sealing without encryption: a blob is a ticket, and what it stands for never leaves memory."""

import hashlib
import hmac
import secrets
from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.errors import Moved, NotSealed
from domain.keys import SEALS_PER_KEY
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

    @property
    @override
    def seals_per_key(self) -> int:
        return SEALS_PER_KEY

    @override
    def renew(self) -> None:
        pass  # there is one key, and no nonce that could repeat

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
            raise _not_sealed(context)
        plaintext, place = found
        if place != _place(context):
            raise Moved(f"{context.subject} was moved from another place")
        return plaintext

    @override
    def key_named_by(self, blob: bytes, context: SealContext) -> str:
        with self._lock:
            if blob not in self._sealed:
                raise _not_sealed(context)
        return _KEY_ID

    @override
    def digest(self, kind: str, value: bytes) -> str:
        label = kind.encode()
        return hmac.digest(_DIGEST_KEY, len(label).to_bytes(4, "big") + label + value, hashlib.sha256).hex()

    @override
    def seal_aside(self, plaintext: bytes, context: SealContext) -> bytes:
        return self.seal(plaintext, _aside(context)).blob

    @override
    def open_aside(self, blob: bytes, context: SealContext) -> bytes:
        return self.open(blob, _aside(context))


def _aside(context: SealContext) -> SealContext:
    return replace(context, kind=f"aside {context.kind}")


def _not_sealed(context: SealContext) -> NotSealed:
    return NotSealed(f"{context.subject} is damaged, or was never sealed here")


def _place(context: SealContext) -> _Place:
    return (context.kind, context.row_id, context.version, context.field)
