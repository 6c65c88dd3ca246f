"""A copy that is not whole, or does not open, never becomes a backup."""

import os

import pytest

from adapters.sql import backup_store
from domain.errors import DatabaseUnusable, Integrity
from tests.support.backed_up import HIDDEN, BackedUp, sql
from tests.support.recipes import a_database


@pytest.fixture
def service(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield BackedUp(database, tmp_path / "backups")


def mutate_the_copy(monkeypatch, change):
    """Let `change(path)` happen to the copy between its making and its checking."""
    copy = backup_store._paced_copy

    def copy_and_change(source, partial, connect):
        copy(source, partial, connect)
        change(partial)

    monkeypatch.setattr(backup_store, "_paced_copy", copy_and_change)


def flip_a_byte_of_a_page(path):
    content = bytearray(path.read_bytes())
    content[4_096] ^= 0xFF  # the first byte of the second page says what kind of page it is
    path.write_bytes(bytes(content))


def spoil_a_secret(path):
    sql(path, "UPDATE secret_version SET sealed = zeroblob(length(sealed))")


def spoil_a_token(path):
    (blob,) = sql(path, "SELECT sealed_refresh_token FROM operator_oauth_tokens")[0]
    sql(path, "UPDATE operator_oauth_tokens SET sealed_refresh_token = ?", blob[:-1] + bytes([blob[-1] ^ 1]))


def break_a_reference(path):
    sql(path, "UPDATE secret_version SET key_id = 'nobody'")


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("change", [flip_a_byte_of_a_page, spoil_a_secret, spoil_a_token, break_a_reference, cut_off])
def test_a_copy_that_does_not_check_is_no_backup(service, monkeypatch, change):
    mutate_the_copy(monkeypatch, change)

    with pytest.raises((Integrity, DatabaseUnusable)) as caught:
        service.backups.create()

    assert service.names == []
    assert service.backups.list() == []
    assert HIDDEN not in repr(caught.value)


@pytest.mark.parametrize("share", range(8))
def test_a_flipped_byte_in_a_sealed_value_of_the_copy_is_found(service, monkeypatch, share):
    def flip(path):
        (blob,) = sql(path, "SELECT sealed FROM secret_version")[0]
        flipped = bytearray(blob)
        flipped[len(blob) * share // 8] ^= 0x01
        sql(path, "UPDATE secret_version SET sealed = ?", bytes(flipped))

    mutate_the_copy(monkeypatch, flip)

    with pytest.raises(Integrity):
        service.backups.create()

    assert service.names == []
