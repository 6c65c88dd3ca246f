"""A data key that is damaged, or wrapped by another master key, is told before anything is sealed or opened."""

from dataclasses import replace

import pytest

from adapters.crypto import AesGcmCipher, create_data_keys, create_sealing_key, open_canaries, rewrap
from adapters.crypto.data_keys import create_data_key
from adapters.memory import MemoryDataKeyStore, MemoryKeySource
from domain.errors import Integrity, KeyRefused
from domain.keys import KeyMaterial, KeyPurpose, KeyState, MasterKey, fingerprint
from domain.ports import SealContext

NOW = 1_795_521_600_000
PLACE = SealContext("secret", "6f1d5c1e-0c4e-4b0a-9d53-1f2e3d4c5b6a", 3, "value", "the secret agent_token:reviewer")


def a_master(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


MASTER, OTHER_MASTER = a_master(1), a_master(2)


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


def test_a_wrong_master_key_is_refused_with_both_fingerprints(keys):
    with pytest.raises(KeyRefused) as caught:
        AesGcmCipher(OTHER_MASTER, keys)

    assert MASTER.fingerprint in caught.value.message
    assert f"file key2 holds {OTHER_MASTER.fingerprint}" in caught.value.message


@pytest.mark.parametrize("purpose", KeyPurpose)
@pytest.mark.parametrize("part", ["wrapped", "canary"])
def test_a_data_key_with_any_byte_changed_is_damaged(keys, purpose, part):
    stored = keys.of(purpose)
    blob = getattr(stored, part)

    for position in range(len(blob)):
        damaged = bytearray(blob)
        damaged[position] ^= 0xFF
        keys.change(stored.id, **{part: bytes(damaged)})
        with pytest.raises(Integrity, match=f"data key {stored.id} is damaged: the right master key") as caught:
            AesGcmCipher(MASTER, keys)
        assert not isinstance(caught.value, KeyRefused)


@pytest.mark.parametrize("part", ["wrapped", "canary"])
@pytest.mark.parametrize("blob", [b"", b"SW", b"SW\x01", b"x" * 10])
def test_a_data_key_that_is_cut_off_is_damaged(keys, part, blob):
    keys.change(keys.of(KeyPurpose.SEAL).id, **{part: blob})

    with pytest.raises(Integrity, match="is damaged"):
        AesGcmCipher(MASTER, keys)


def test_a_wrapped_key_does_not_serve_under_another_id_or_purpose(keys):
    seal, digest = keys.of(KeyPurpose.SEAL), keys.of(KeyPurpose.DIGEST)
    keys.change(seal.id, wrapped=digest.wrapped, canary=digest.canary)

    with pytest.raises(Integrity, match=f"data key {seal.id} is damaged"):
        AesGcmCipher(MASTER, keys)

    keys.change(seal.id, wrapped=seal.wrapped, canary=seal.canary, purpose=KeyPurpose.DIGEST)
    with pytest.raises(Integrity, match=f"data key {seal.id} is damaged"):
        AesGcmCipher(MASTER, keys)


def test_the_canary_of_another_key_is_not_accepted(keys):
    other = create_data_key(MASTER, KeyPurpose.SEAL, NOW)
    keys.change(keys.of(KeyPurpose.SEAL).id, canary=other.canary)

    with pytest.raises(Integrity, match="is damaged"):
        AesGcmCipher(MASTER, keys)


def test_keys_wrapped_anew_open_under_the_new_master_key_only_and_are_the_same_keys(keys):
    cipher = AesGcmCipher(MASTER, keys)
    blob, digest = cipher.seal(b"tok-1", PLACE).blob, cipher.digest("kind", b"value")
    before = keys.list()

    keys.rewrap(rewrap(MASTER, OTHER_MASTER, before))

    anew = AesGcmCipher(OTHER_MASTER, keys)
    assert (anew.open(blob, PLACE), anew.digest("kind", b"value")) == (b"tok-1", digest)
    assert [(k.id, k.canary, k.state, k.uses) for k in keys.list()] == [
        (k.id, k.canary, k.state, k.uses) for k in before
    ]
    with pytest.raises(KeyRefused):
        AesGcmCipher(MASTER, keys)


def test_only_the_key_that_wrapped_them_wraps_them_anew(keys):
    with pytest.raises(KeyRefused):
        rewrap(OTHER_MASTER, MASTER, keys.list())


def test_a_running_cipher_goes_on_when_the_master_key_is_changed(keys):
    source = MemoryKeySource(MASTER)
    cipher = AesGcmCipher(MASTER, keys, key_source=source)
    keys.rewrap(rewrap(MASTER, OTHER_MASTER, keys.list()))
    source.stage(OTHER_MASTER)
    source.promote()
    keys.activate(create_sealing_key(OTHER_MASTER, NOW + 1))

    cipher.renew()

    sealed = cipher.seal(b"tok-1", PLACE)
    assert sealed.key_id == keys.list()[-1].id
    assert AesGcmCipher(OTHER_MASTER, keys).open(sealed.blob, PLACE) == b"tok-1"


def test_without_a_place_to_look_a_changed_master_key_is_told(keys):
    cipher = AesGcmCipher(MASTER, keys)
    keys.rewrap(rewrap(MASTER, OTHER_MASTER, keys.list()))
    keys.activate(create_sealing_key(OTHER_MASTER, NOW + 1))

    with pytest.raises(KeyRefused, match=OTHER_MASTER.fingerprint):
        cipher.renew()


def test_every_canary_is_opened_and_counted(keys):
    assert open_canaries(MASTER, keys.list()) == 2
    keys.change(keys.list()[0].id, canary=b"")
    with pytest.raises(Integrity):
        open_canaries(MASTER, keys.list())


def test_the_first_keys_are_one_for_each_purpose_and_unlike_any_others():
    one, other = create_data_keys(MASTER, NOW), create_data_keys(MASTER, NOW)

    assert sorted(key.purpose for key in one) == sorted(KeyPurpose)
    assert len({key.id for key in one + other} | {key.wrapped for key in one + other}) == 8
    assert {(key.state, key.uses, key.created_at) for key in one} == {(KeyState.ACTIVE, 0, NOW)}
