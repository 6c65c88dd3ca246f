"""The stored secrets in the clear, where some are damaged."""

import pytest

from adapters.sql import SqlStoredValues
from tests.support.recipes import a_database
from tests.support.sealed import Sealed


@pytest.fixture
def stores(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield Sealed(database)


DAMAGE = {
    "plaintext": b"tok-plain-as-day",
    "a flipped bit": lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]),
    "a key that is not there": lambda blob: b"SR\x01" + bytes(16) + blob[19:],
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("secret_version", "sealed"),
        ("operator_oauth_tokens", "sealed_access_token"),
        ("operator_oauth_tokens", "sealed_refresh_token"),
        ("legacy_archive_chunk", "sealed"),
    ],
)
def test_a_value_that_does_not_open_is_left_out_and_all_others_come(stores, table, column, damage):
    stores.fill()
    values = SqlStoredValues(stores.database, stores.cipher)
    before = [value.subject for value in values.reveal()]
    (row, blob), *_ = stores.sql(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL")
    done = DAMAGE[damage]
    stores.sql(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", done(blob) if callable(done) else done, row)

    after = [value.subject for value in values.reveal()]

    assert len(after) == len(before) - 1
    assert set(after) < set(before)
