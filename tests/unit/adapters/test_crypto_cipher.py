"""A sealed value is bound to its place without ambiguity, opened with the one key it names, and told exactly if not."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.crypto import AesGcmCipher, create_data_keys, rewrap
from adapters.crypto.data_keys import create_data_key
from adapters.memory import MemoryDataKeyStore
from domain.errors import Integrity
from domain.keys import KeyMaterial, KeyPurpose, KeyState, MasterKey, fingerprint
from domain.ports import SealContext

CONTEXT = SealContext("secret", "6f1d5c1e-0c4e-4b0a-9d53-1f2e3d4c5b6a", 3, "value", "the secret agent_token:reviewer")
NOW = 1_795_521_600_000


def a_master(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


MASTER = a_master(1)


class Keys(MemoryDataKeyStore):
    """Data keys that can be changed as a tampering hand would."""

    def change(self, id, **changes):
        self._keys[id] = replace(self._keys[id], **changes)

    def of(self, purpose):
        return next(key for key in self.list() if key.purpose is purpose)


@pytest.fixture
def keys():
    keys = Keys()
    keys.add(create_data_keys(MASTER, NOW))
    return keys


@pytest.fixture
def cipher(keys):
    return AesGcmCipher(MASTER, keys)


@pytest.fixture
def decryptions(monkeypatch):
    """A list of the ciphertexts that some key was tried on."""
    tried = []

    class Spy:
        def __init__(self, key):
            self._real = AESGCM(key)

        def encrypt(self, nonce, data, aad):
            return self._real.encrypt(nonce, data, aad)

        def decrypt(self, nonce, data, aad):
            tried.append(data)
            return self._real.decrypt(nonce, data, aad)

    monkeypatch.setattr("adapters.crypto.cipher.AESGCM", Spy)
    return tried


def test_ten_thousand_seals_of_one_text_all_differ(cipher):
    blobs = [cipher.seal(b"tok-1", CONTEXT).blob for _ in range(10_000)]

    assert len(set(blobs)) == len({blob[19:31] for blob in blobs}) == len({blob[31:] for blob in blobs}) == 10_000


def test_no_key_is_tried_but_the_one_that_is_named(keys, decryptions):
    keys.add([replace(create_data_key(MASTER, KeyPurpose.SEAL, NOW), state=KeyState.DECRYPT_ONLY) for _ in range(5)])
    cipher = AesGcmCipher(MASTER, keys)
    blob = cipher.seal(b"tok-1", CONTEXT).blob
    decryptions.clear()

    cipher.open(blob, CONTEXT)
    with pytest.raises(Integrity):
        cipher.open(blob[:-1] + bytes([blob[-1] ^ 1]), CONTEXT)

    assert len(decryptions) == 2


def test_an_unknown_key_is_told_as_such_and_none_is_tried(keys, decryptions):
    cipher = AesGcmCipher(MASTER, keys)
    stranger = uuid4()
    blob = cipher.seal(b"tok-1", CONTEXT).blob
    decryptions.clear()

    with pytest.raises(Integrity) as caught:
        cipher.open(blob[:3] + stranger.bytes + blob[19:], CONTEXT)

    assert caught.value.message == (
        f"{CONTEXT.subject} is sealed under data key {stranger}, which is not in the database"
    )
    assert decryptions == []


def test_a_key_that_another_process_has_added_since_is_found(keys, cipher):
    keys.change(keys.of(KeyPurpose.SEAL).id, state=KeyState.DECRYPT_ONLY)
    keys.add([create_data_key(MASTER, KeyPurpose.SEAL, NOW + 1)])
    blob = AesGcmCipher(MASTER, keys).seal(b"tok-1", CONTEXT).blob

    assert cipher.open(blob, CONTEXT) == b"tok-1"


def test_the_active_key_seals_wherever_it_stands_in_the_list(keys):
    active = keys.of(KeyPurpose.SEAL).id
    for created_at in (NOW - 5, NOW + 5):
        older = replace(create_data_key(MASTER, KeyPurpose.SEAL, created_at), state=KeyState.DECRYPT_ONLY)
        keys.add([older])

    assert AesGcmCipher(MASTER, keys).seal(b"x", CONTEXT).key_id == active


def test_the_digest_key_never_seals_and_never_opens(keys, cipher):
    digest_id = UUID(keys.of(KeyPurpose.DIGEST).id)
    blob = cipher.seal(b"x", CONTEXT).blob

    with pytest.raises(Integrity, match="not in the database"):
        cipher.open(blob[:3] + digest_id.bytes + blob[19:], CONTEXT)


@pytest.mark.parametrize("blob", [b"", b"tok-in-the-clear", b"S", b"SR", b"SR\x01" + b"x" * 43, b"SW\x01" + b"x" * 80])
def test_what_is_not_sealed_is_told_as_such(cipher, blob):
    with pytest.raises(Integrity) as caught:
        cipher.open(blob, CONTEXT)

    assert caught.value.message == f"{CONTEXT.subject} is not sealed: something else wrote into the database"
    assert caught.value.advice


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_newer_format_is_told_as_such(cipher, version):
    blob = cipher.seal(b"tok-1", CONTEXT).blob

    with pytest.raises(Integrity, match="a format that this version does not know"):
        cipher.open(blob[:2] + bytes([version]) + blob[3:], CONTEXT)


def test_no_fault_carries_the_plaintext_or_a_key(keys, cipher):
    blob = cipher.seal(b"tok-hidden", CONTEXT).blob

    with pytest.raises(Integrity) as caught:
        cipher.open(blob[:-1] + bytes([blob[-1] ^ 1]), CONTEXT)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hidden" not in f"{caught.value!r} {cipher!r} {keys.list()!r} {MASTER!r}"
    assert MASTER.material.reveal().hex() not in repr(MASTER)


def test_a_retired_key_neither_opens_nor_seals(keys):
    cipher = AesGcmCipher(MASTER, keys)
    blob = cipher.seal(b"x", CONTEXT).blob
    keys.change(keys.of(KeyPurpose.SEAL).id, state=KeyState.RETIRED)
    without = AesGcmCipher(MASTER, keys)

    with pytest.raises(Integrity, match="not in the database"):
        without.open(blob, CONTEXT)
    with pytest.raises(Integrity, match="no active data key"):
        without.seal(b"x", CONTEXT)


def test_without_a_key_for_hashes_no_hash_is_made():
    keys = Keys()
    keys.add([create_data_key(MASTER, KeyPurpose.SEAL, NOW)])

    with pytest.raises(Integrity, match="no key for keyed hashes"):
        AesGcmCipher(MASTER, keys).digest("kind", b"value")


def test_what_was_sealed_aside_outlives_its_data_key(keys, cipher):
    blob = cipher.seal_aside(b"tok-hidden", CONTEXT)
    keys.change(keys.of(KeyPurpose.SEAL).id, state=KeyState.RETIRED)
    keys.add([create_data_key(MASTER, KeyPurpose.SEAL, NOW + 1)])

    assert cipher.open_aside(blob, CONTEXT) == b"tok-hidden"
    assert AesGcmCipher(MASTER, keys).open_aside(blob, CONTEXT) == b"tok-hidden"


def test_what_was_sealed_aside_outlives_its_master_key(keys, cipher):
    blob = cipher.seal_aside(b"tok-hidden", CONTEXT)
    for key in rewrap(MASTER, a_master(2), keys.list()):
        keys.change(key.id, wrapped=key.wrapped, master_fingerprint=key.master_fingerprint)

    assert AesGcmCipher(a_master(2), keys).open_aside(blob, CONTEXT) == b"tok-hidden"


def test_another_database_does_not_open_what_was_sealed_aside(cipher):
    others = Keys()
    others.add(create_data_keys(MASTER, NOW))

    with pytest.raises(Integrity):
        AesGcmCipher(MASTER, others).open_aside(cipher.seal_aside(b"tok-hidden", CONTEXT), CONTEXT)


def test_what_was_sealed_aside_is_no_stored_value_nor_the_other_way_round(cipher):
    aside, stored = cipher.seal_aside(b"tok-hidden", CONTEXT), cipher.seal(b"tok-hidden", CONTEXT).blob

    with pytest.raises(Integrity):
        cipher.open(aside, CONTEXT)
    with pytest.raises(Integrity):
        cipher.open_aside(stored, CONTEXT)


def test_a_stored_value_that_claims_to_lie_aside_is_not_opened(cipher):
    stored = cipher.seal(b"tok-hidden", CONTEXT).blob
    aside = cipher.seal_aside(b"tok-hidden", CONTEXT)

    with pytest.raises(Integrity):
        cipher.open_aside(aside[:19] + stored[19:], CONTEXT)


def test_without_a_key_for_hashes_nothing_is_sealed_aside():
    keys = Keys()
    keys.add([create_data_key(MASTER, KeyPurpose.SEAL, NOW)])

    with pytest.raises(Integrity, match="no key for keyed hashes"):
        AesGcmCipher(MASTER, keys).seal_aside(b"x", CONTEXT)
