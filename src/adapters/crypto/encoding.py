"""The byte layouts that are stored for good (docs/formats.md); a change needs a new format version."""

from functools import lru_cache

from domain.ports import SealContext

APPLICATION = b"strongroom"
SEALED_MAGIC = b"SR"
WRAPPED_MAGIC = b"SW"
FORMAT = b"\x01"
KEY_ID_BYTES = 16
NONCE_BYTES = 12
"""96 bits, the length for which SP 800-38D defines GCM without an extra hash."""

TAG_BYTES = 16
KEY_BYTES = 32


def length_prefixed(*fields: bytes) -> bytes:
    """Join fields so that no two different tuples give the same bytes: each behind its length, 4 bytes big-endian."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def sealing_aad(context: SealContext, key_id: bytes) -> bytes:
    """Say where a value belongs: application, format, kind, row, version, field, key."""
    before, behind = _constant_parts(context.kind, context.field)
    row_id = bytes.fromhex(context.row_id.replace("-", ""))  # a UUID; by way of `UUID` it takes four times as long
    version = context.version.to_bytes(8, "big")
    return before + length_prefixed(row_id, version) + behind + length_prefixed(key_id)


@lru_cache(maxsize=64)
def _constant_parts(kind: str, field: str) -> tuple[bytes, bytes]:
    """Encode what is the same for all values of a column, once."""
    return length_prefixed(APPLICATION, FORMAT, kind.encode()), length_prefixed(field.encode())


def wrapping_aad(key_id: bytes, purpose: str, master_fingerprint: str) -> bytes:
    """Say which data key, for what, a wrapped key is, and under which master key."""
    return length_prefixed(
        APPLICATION, FORMAT, b"data_key", key_id, purpose.encode(), bytes.fromhex(master_fingerprint)
    )
