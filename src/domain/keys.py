"""Keys: one master key wraps the data keys, and a data key seals values (docs/formats.md)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import KeyRefused

MASTER_KEY_BYTES = 32
SEALS_PER_KEY = 2**31
"""How many values one data key seals before the next takes over: half of what SP 800-38D, section 8.3, allows."""

_FORM = f"it holds {MASTER_KEY_BYTES} bytes as base64: `openssl rand -base64 {MASTER_KEY_BYTES}` makes such a key"


class KeyMaterial:
    """Bytes of a key; no form of it shows them but `reveal`."""

    __slots__ = ("__raw",)

    def __init__(self, raw: bytes) -> None:
        self.__raw = raw

    def reveal(self) -> bytes:
        """Return the bytes."""
        return self.__raw

    def __repr__(self) -> str:
        return "KeyMaterial(**********)"

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """The operator's key, its fingerprint (16 hex digits) and, for people, where it was found."""

    material: KeyMaterial
    fingerprint: str
    source: str


def fingerprint(master_key: bytes) -> str:
    """Return the 16 hex digits by which people tell master keys apart; they say nothing of the key."""
    return hmac.digest(master_key, b"strongroom/v1/master-key-fingerprint", hashlib.sha256)[:8].hex()


def parse_master_key(text: bytes, source: str) -> MasterKey:
    """Read a master key: 32 bytes as base64, white space around it or not; `source` names its place.

    Raises `KeyRefused`, which says what is wrong and nothing of the content.
    """
    encoded = text.strip()
    if not encoded:
        raise KeyRefused(f"{source} is empty", advice=_FORM)
    raw = _decoded(encoded)
    if raw is None:
        raise KeyRefused(f"{source} is not base64", advice=_FORM)
    if len(raw) != MASTER_KEY_BYTES:
        raise KeyRefused(f"{source} holds {len(raw)} bytes, {MASTER_KEY_BYTES} are needed", advice=_FORM)
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=source)


def encode_master_key(key: MasterKey) -> bytes:
    """Return a master key as `parse_master_key` reads it, and a line end."""
    return base64.b64encode(key.material.reveal()) + b"\n"


def _decoded(text: bytes) -> bytes | None:
    """Decode the standard alphabet, with padding and without spare bits; None for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw) == text else None


class KeyPurpose(StrEnum):
    """What a data key does: seal values, or make keyed hashes of values we have seen."""

    SEAL = "seal"
    DIGEST = "digest"


class KeyState(StrEnum):
    """`active` seals and opens, `decrypt_only` opens, `retired` is kept for its history only."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A data key as it is stored: wrapped, with a canary that only the right key opens.

    `uses` counts the values sealed with it, for the bound of SP 800-38D section 8.3 (2^32 random nonces).
    """

    id: str
    purpose: KeyPurpose
    state: KeyState
    wrapped: bytes
    canary: bytes
    master_fingerprint: str
    created_at: int
    uses: int = 0

    @property
    def seals_now(self) -> bool:
        """Whether new values are sealed with it."""
        return self.purpose is KeyPurpose.SEAL and self.state is KeyState.ACTIVE
