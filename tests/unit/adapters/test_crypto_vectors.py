"""The code writes and reads the very bytes that docs/formats.md shows: its vectors are the expectations here."""

import base64
import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.crypto import data_keys, encoding, envelope
from domain.keys import DataKey, KeyMaterial, KeyPurpose, KeyState, MasterKey, fingerprint
from domain.ports import SealContext

FORMATS = Path(__file__).parents[3] / "docs" / "formats.md"
(BLOCK,) = re.findall(r"^```json\n(.*?)^```$", FORMATS.read_text(), re.DOTALL | re.MULTILINE)
VECTORS = json.loads(BLOCK)
SEALED, WRAPPED, HASHED = VECTORS["sealed"], VECTORS["wrapped"], VECTORS["keyed_hash"]

RAW = base64.b64decode(VECTORS["master_key_base64"])
MASTER = MasterKey(material=KeyMaterial(RAW), fingerprint=fingerprint(RAW), source="docs/formats.md")
KEY = bytes.fromhex(VECTORS["data_key_hex"])
KEY_ID = UUID(VECTORS["data_key_id"])
NONCE = bytes.fromhex(VECTORS["nonce_hex"])
CONTEXT = SealContext(SEALED["kind"], SEALED["row_id"], SEALED["version"], SEALED["field"], "the example")


@pytest.fixture
def fixed_nonce(monkeypatch):
    """Let the one source of randomness return the vectors' nonce."""
    monkeypatch.setattr("os.urandom", lambda size: NONCE if size == len(NONCE) else KEY)


def stored(canary, purpose):
    return DataKey(
        id=str(KEY_ID),
        purpose=purpose,
        state=KeyState.ACTIVE,
        wrapped=data_keys.wrap(MASTER, KEY, KEY_ID, purpose),
        canary=canary,
        master_fingerprint=MASTER.fingerprint,
        created_at=1,
    )


def test_the_fingerprint_of_the_master_key():
    assert MASTER.fingerprint == VECTORS["master_key_fingerprint"]


def test_the_wrapping_key():
    assert data_keys._wrapping_key(MASTER).hex() == VECTORS["wrapping_key_hex"]


def test_the_associated_data_of_a_sealed_value():
    assert encoding.sealing_aad(CONTEXT, KEY_ID.bytes).hex() == SEALED["aad_hex"]


def test_the_associated_data_of_a_wrapped_key():
    aad = encoding.wrapping_aad(KEY_ID.bytes, WRAPPED["purpose"], MASTER.fingerprint)

    assert aad.hex() == WRAPPED["aad_hex"]


def test_a_sealed_value_byte_for_byte(fixed_nonce):
    blob = envelope.seal(AESGCM(KEY), KEY_ID.bytes, SEALED["plaintext"].encode(), CONTEXT)

    assert blob.hex() == SEALED["blob_hex"]


def test_the_sealed_value_opens():
    blob = bytes.fromhex(SEALED["blob_hex"])

    assert envelope.key_id_of(blob, CONTEXT) == KEY_ID.bytes
    assert envelope.open_sealed(AESGCM(KEY), blob, CONTEXT) == SEALED["plaintext"].encode()


def test_a_wrapped_key_byte_for_byte(fixed_nonce):
    assert data_keys.wrap(MASTER, KEY, KEY_ID, KeyPurpose(WRAPPED["purpose"])).hex() == WRAPPED["blob_hex"]


def test_the_wrapped_key_unwraps():
    canary = envelope.seal(
        AESGCM(KEY),
        KEY_ID.bytes,
        b"strongroom canary",
        SealContext("canary", str(KEY_ID), 0, "canary", "the canary"),
    )
    key = stored(canary, KeyPurpose.SEAL)

    assert data_keys.unwrap(MASTER, key) == KEY
    assert len(key.wrapped) == len(bytes.fromhex(WRAPPED["blob_hex"]))


def test_the_canary_of_a_digest_key_is_a_keyed_hash_as_documented():
    canary = data_keys.keyed_hash(KEY, "canary", b"strongroom canary")

    assert data_keys.unwrap(MASTER, stored(canary, KeyPurpose.DIGEST)) == KEY


def test_a_keyed_hash():
    assert data_keys.keyed_hash(KEY, HASHED["kind"], HASHED["value"].encode()).hex() == HASHED["hex"]
