"""What every cipher does."""

import hashlib
from dataclasses import replace

import pytest

from domain.errors import Integrity, NotSealed
from domain.keys import SEALS_PER_KEY
from domain.ports import SealContext

CONTEXT = SealContext(
    kind="secret",
    row_id="0b9f6c0e-5d6a-4d3b-9a51-2f1f6f0c7a11",
    version=3,
    field="value",
    subject="the secret agent_token:reviewer",
)
ELSEWHERE = {
    "another kind": replace(CONTEXT, kind="oauth_token"),
    "another row": replace(CONTEXT, row_id="0b9f6c0e-5d6a-4d3b-9a51-2f1f6f0c7a12"),
    "an older version": replace(CONTEXT, version=2),
    "a newer version": replace(CONTEXT, version=4),
    "another field": replace(CONTEXT, field="other"),
    "the field's first letter in the kind": replace(CONTEXT, kind="secretv", field="alue"),
}
PLAINTEXTS = {
    "empty": b"",
    "one byte": b"\x00",
    "text": "ключ 🔑".encode(),
    "every byte": bytes(range(256)),
    "a mebibyte": b"x" * (1 << 20),
}


class CipherContract:
    """Subclasses override `cipher`."""

    @pytest.fixture
    def cipher(self):
        raise NotImplementedError

    @pytest.mark.parametrize("plaintext", PLAINTEXTS.values(), ids=PLAINTEXTS)
    def test_what_was_sealed_opens(self, cipher, plaintext):
        sealed = cipher.seal(plaintext, CONTEXT)

        assert cipher.open(sealed.blob, CONTEXT) == plaintext

    def test_twice_the_same_gives_different_bytes_under_one_key(self, cipher):
        sealed = [cipher.seal(b"tok-hidden", CONTEXT) for _ in range(50)]

        assert len({one.blob for one in sealed}) == 50
        assert len({one.key_id for one in sealed}) == 1
        assert all(cipher.open(one.blob, CONTEXT) == b"tok-hidden" for one in sealed)

    def test_the_plaintext_is_not_in_the_sealed_bytes(self, cipher):
        sealed = cipher.seal(b"tok-hidden" * 10, CONTEXT)

        assert b"hidden" not in sealed.blob
        assert "hidden" not in repr(sealed)

    def test_a_data_key_is_named(self, cipher):
        assert cipher.seal(b"x", CONTEXT).key_id

    @pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
    def test_it_opens_nowhere_else(self, cipher, elsewhere):
        sealed = cipher.seal(b"tok-hidden", CONTEXT)

        with pytest.raises(Integrity) as caught:
            cipher.open(sealed.blob, elsewhere)

        assert CONTEXT.subject in caught.value.message
        assert "hidden" not in str(caught.value)

    def test_the_subject_binds_nothing(self, cipher):
        sealed = cipher.seal(b"tok-hidden", CONTEXT)

        assert cipher.open(sealed.blob, replace(CONTEXT, subject="renamed")) == b"tok-hidden"

    def test_one_changed_bit_anywhere_is_noticed(self, cipher):
        blob = cipher.seal(b"tok", CONTEXT).blob

        for bit in range(len(blob) * 8):
            changed = bytearray(blob)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(Integrity):
                cipher.open(bytes(changed), CONTEXT)

    def test_bytes_cut_off_or_added_are_noticed(self, cipher):
        blob = cipher.seal(b"tok", CONTEXT).blob

        for changed in [blob[:length] for length in range(len(blob))] + [blob + b"\x00", b"\x00" + blob, blob * 2]:
            with pytest.raises(Integrity):
                cipher.open(changed, CONTEXT)

    @pytest.mark.parametrize("blob", [b"", b"\x00" * 64, b"tok-hidden", b"SR\x01" + b"\xff" * 80])
    def test_what_was_never_sealed_names_its_place_and_shows_nothing(self, cipher, blob):
        with pytest.raises(Integrity) as caught:
            cipher.open(blob, CONTEXT)

        assert CONTEXT.subject in caught.value.message
        assert "hidden" not in caught.value.message

    def test_two_sealed_values_do_not_stand_in_for_each_other(self, cipher):
        other = replace(CONTEXT, row_id="5f0c8a52-9f93-4c27-8d0e-5b6c1a0d9b10")
        mine, theirs = cipher.seal(b"mine", CONTEXT), cipher.seal(b"theirs", other)

        with pytest.raises(Integrity):
            cipher.open(theirs.blob, CONTEXT)
        assert cipher.open(mine.blob, CONTEXT) == b"mine"

    def test_a_digest_is_the_same_for_good_and_in_hexadecimal(self, cipher):
        digest = cipher.digest("token", b"tok-hidden")

        assert digest == cipher.digest("token", b"tok-hidden")
        assert len(bytes.fromhex(digest)) >= 32

    def test_a_digest_tells_kinds_and_values_apart(self, cipher):
        values = [("a", b"bc"), ("ab", b"c"), ("abc", b""), ("", b"abc"), ("a", b"bd"), ("b", b"bc"), ("a", b"bc\n")]

        assert len({cipher.digest(kind, value) for kind, value in values}) == len(values)

    def test_a_digest_needs_the_key(self, cipher):
        assert cipher.digest("", b"tok") != hashlib.sha256(b"tok").hexdigest()

    def test_the_key_that_a_value_names_is_told_without_opening_it(self, cipher):
        sealed = cipher.seal(b"tok-hidden", CONTEXT)

        assert cipher.key_named_by(sealed.blob, replace(CONTEXT, version=9)) == sealed.key_id
        with pytest.raises(NotSealed, match=CONTEXT.subject):
            cipher.key_named_by(b"tok-hidden", CONTEXT)

    def test_what_was_never_sealed_is_told_from_what_was_damaged(self, cipher):
        with pytest.raises(NotSealed):
            cipher.open(b"tok-hidden" * 10, CONTEXT)

    def test_renewing_without_need_changes_nothing(self, cipher):
        sealed = cipher.seal(b"tok-hidden", CONTEXT)
        cipher.renew()

        assert cipher.open(sealed.blob, CONTEXT) == b"tok-hidden"
        assert cipher.seal(b"tok-hidden", CONTEXT).key_id == sealed.key_id
        assert cipher.seals_per_key == SEALS_PER_KEY < 2**32

    @pytest.mark.parametrize("plaintext", PLAINTEXTS.values(), ids=PLAINTEXTS)
    def test_what_was_sealed_aside_opens(self, cipher, plaintext):
        blobs = [cipher.seal_aside(plaintext, CONTEXT) for _ in range(2)]

        assert [cipher.open_aside(blob, replace(CONTEXT, subject="renamed")) for blob in blobs] == [plaintext] * 2
        assert blobs[0] != blobs[1]

    @pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
    def test_what_was_sealed_aside_opens_nowhere_else(self, cipher, elsewhere):
        blob = cipher.seal_aside(b"tok-hidden", CONTEXT)

        with pytest.raises(Integrity) as caught:
            cipher.open_aside(blob, elsewhere)

        assert CONTEXT.subject in caught.value.message
        assert "hidden" not in str(caught.value)

    def test_one_changed_bit_of_what_was_sealed_aside_is_noticed_and_so_is_a_cut(self, cipher):
        blob = cipher.seal_aside(b"tok", CONTEXT)
        changed = [
            blob[: bit // 8] + bytes([blob[bit // 8] ^ 1 << bit % 8]) + blob[bit // 8 + 1 :]
            for bit in range(len(blob) * 8)
        ]

        for damaged in (*changed, *(blob[:length] for length in range(len(blob))), blob + b"\x00"):
            with pytest.raises(Integrity):
                cipher.open_aside(damaged, CONTEXT)

    def test_the_plaintext_is_not_in_what_was_sealed_aside(self, cipher):
        assert b"hidden" not in cipher.seal_aside(b"tok-hidden" * 10, CONTEXT)
