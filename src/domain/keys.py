"""Keys: one master key wraps the data keys, and a data key seals values (docs/formats.md)."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

MASTER_KEY_BYTES = 32


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
