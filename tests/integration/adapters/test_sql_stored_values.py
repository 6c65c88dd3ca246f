"""The stored secrets in the clear, where some are damaged."""

import pytest

from adapters.sql import SqlPendingAuthorizations, SqlStoredValues
from adapters.sql.sealed_places import all_sealed_columns
from tests.contracts.pending_authorizations import ANSWER, AT_TERMINAL, STATE
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


class Watched:
    """A cipher that writes down where the values were that it opened."""

    def __init__(self, cipher):
        self._cipher = cipher
        self.places = set()

    def open(self, blob, place):
        content = self._cipher.open(blob, place)
        self.places.add((place.kind, place.field))
        return content


def test_every_sealed_column_of_the_tables_is_opened(stores):
    stores.fill()
    pending = SqlPendingAuthorizations(stores.database, stores.cipher, stores.clock)
    pending.add(AT_TERMINAL)
    pending.hand_over(STATE, ANSWER)
    cipher = Watched(stores.cipher)

    found = list(SqlStoredValues(stores.database, cipher).reveal())

    assert cipher.places == {(each.binding.kind, each.binding.field) for each in all_sealed_columns()}
    assert len(found) == sum(stores.rows.count_by_key().values())


def test_a_value_whose_parent_is_gone_is_told_by_its_row(stores):
    stores.fill()
    ((secret_id,),) = stores.sql("SELECT id FROM secret WHERE name = 'name:a'")
    stores.sql("DELETE FROM secret WHERE id = ?", secret_id)

    subjects = [value.subject for value in SqlStoredValues(stores.database, stores.cipher).reveal()]

    assert f"secret_version {secret_id}, version 1" in subjects
