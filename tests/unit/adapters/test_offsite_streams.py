"""Streams that count, and that write all."""

import hashlib
import io

import pytest

from adapters.offsite.age import decrypt, encrypt, parse_identities, parse_recipients
from adapters.offsite.streams import Bounded, Counted, Local, LocalFault, move, write_all
from domain.errors import Integrity
from domain.values import SecretValue
from tests.integration.offsite.shelves import RECIPIENT, Shelf

CONTENT = bytes(range(256)) * 2_000


class Slow(io.BytesIO):
    """Takes less than it is given, less than a header of age."""

    def write(self, data):
        return super().write(data[:100])


class Broken(io.RawIOBase):
    def read(self, size=-1):
        raise OSError(5, "our disk is broken")

    def write(self, data):
        raise OSError(5, "our disk is broken")


def test_all_is_written_though_a_stream_takes_less_at_a_time():
    for write in (write_all, lambda target, data: move(io.BytesIO(data), target)):
        target = Slow()
        write(target, CONTENT)
        assert target.getvalue() == CONTENT


def test_all_is_encrypted_and_decrypted_though_a_stream_takes_less_at_a_time():
    sealed, opened = Slow(), Slow()
    encrypt(io.BytesIO(CONTENT), sealed, parse_recipients([RECIPIENT]))
    decrypt(io.BytesIO(sealed.getvalue()), opened, parse_identities([Shelf.identity]))

    assert opened.getvalue() == CONTENT


def test_what_goes_through_is_counted_either_way():
    for target in (io.BytesIO(), Slow()):
        source, sink = Counted(io.BytesIO(CONTENT)), Counted(target)
        move(source, sink)

        assert source.bytes == sink.bytes == len(CONTENT)
        assert source.sha256 == sink.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_a_fault_of_this_machine_is_told_from_others():
    for act in (lambda: Local(Broken()).read(1), lambda: Local(Broken()).write(b"x")):
        with pytest.raises(LocalFault) as caught:
            act()
        assert caught.value.error.strerror == "our disk is broken"


def test_a_fault_keeps_its_kind_on_its_way_through_age():
    keys = parse_recipients([RECIPIENT])
    for source, target in ((Broken(), io.BytesIO()), (io.BytesIO(CONTENT), Broken())):
        with pytest.raises(OSError, match="our disk is broken"):
            encrypt(source, target, keys)


def test_more_than_fits_is_refused():
    into = Bounded(10)
    into.write(b"x" * 10)
    with pytest.raises(Integrity):
        into.write(b"x")


def test_an_identity_that_opens_nothing_is_not_shown():
    assert "AGE-SECRET" not in repr(parse_identities([SecretValue(Shelf.identity.reveal())]))
