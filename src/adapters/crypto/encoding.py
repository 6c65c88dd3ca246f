"""The byte layouts that are stored for good (docs/formats.md); a change needs a new format version."""

from uuid import UUID

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
    return length_prefixed(
        APPLICATION,
        FORMAT,
        context.kind.encode(),
        UUID(context.row_id).bytes,
        context.version.to_bytes(8, "big"),
        context.field.encode(),
        key_id,
    )


def wrapping_aad(key_id: bytes, purpose: str, master_fingerprint: str) -> bytes:
    """Say which data key, for what, a wrapped key is, and under which master key."""
    return length_prefixed(
        APPLICATION, FORMAT, b"data_key", key_id, purpose.encode(), bytes.fromhex(master_fingerprint)
    )
