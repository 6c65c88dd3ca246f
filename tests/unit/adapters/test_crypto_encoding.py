"""What a sealed value is bound to is written without ambiguity, for every tuple of fields."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto import AesGcmCipher, create_data_keys
from adapters.crypto.encoding import SEALED_MAGIC, length_prefixed, sealing_aad, wrapping_aad
from adapters.memory import MemoryDataKeyStore
from adapters.sql import checkup
from domain.keys import KeyMaterial, KeyPurpose, MasterKey, fingerprint
from domain.ports import SealContext

NOW = 1_795_521_600_000


def a_master(number):
    raw = bytes([number]) * 32
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=f"file key{number}")


MASTER = a_master(1)


fields = st.lists(st.binary(max_size=6), max_size=5).map(tuple)


@given(fields, fields)
def test_two_tuples_of_fields_give_the_same_bytes_only_if_they_are_the_same(one, other):
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_the_fields_can_be_read_back(parts):
    rest, read = length_prefixed(*parts), []
    while rest:
        size = int.from_bytes(rest[:4], "big")
        read.append(rest[4 : 4 + size])
        rest = rest[4 + size :]

    assert read == parts


texts = st.text(alphabet="ab\x00:é", max_size=4)


contexts = st.builds(
    SealContext,
    kind=texts,
    row_id=st.sampled_from([UUID(int=1), UUID(int=256)]).map(str),
    version=st.sampled_from([0, 1, 256, 2**63 - 1]),
    field=texts,
    subject=st.just("x"),
)


key_ids = st.sampled_from([UUID(int=1).bytes, UUID(int=2).bytes])


@given(contexts, key_ids, contexts, key_ids)
def test_two_places_have_the_same_associated_data_only_if_they_are_the_same(one, one_key, other, other_key):
    same = sealing_aad(one, one_key) == sealing_aad(other, other_key)

    assert same == ((one, one_key) == (other, other_key))


@given(contexts, key_ids)
def test_the_associated_data_of_a_value_is_never_that_of_a_wrapped_key(context, key_id):
    for purpose in KeyPurpose:
        assert sealing_aad(context, key_id) != wrapping_aad(key_id, purpose, MASTER.fingerprint)


@given(st.binary(max_size=200), contexts)
def test_whatever_is_sealed_opens(plaintext, context):
    store = MemoryDataKeyStore()
    store.add(create_data_keys(MASTER, NOW))
    cipher = AesGcmCipher(MASTER, store)

    assert cipher.open(cipher.seal(plaintext, context).blob, context) == plaintext


def test_the_check_up_of_the_database_knows_a_sealed_value_by_the_bytes_that_it_begins_with():
    assert checkup._SEALED_MAGIC == SEALED_MAGIC
