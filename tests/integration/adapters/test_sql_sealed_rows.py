"""All sealed values are found, sealed again without a loss, and told apart by what is wrong with them."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from adapters.sql.columns import Binding, metadata, sealed
from adapters.sql.sealed_places import all_sealed_columns
from domain.errors import Busy
from domain.keys import KeyState
from domain.ports import SealContext
from tests.support.recipes import a_database
from tests.support.sealed import HIDDEN, Sealed

VALUES = 8
"""Of `Sealed.fill`."""


@pytest.fixture
def vault(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield Sealed(database).fill()


def test_the_count_is_what_sql_counts_by_key(vault):
    former = vault.next_key()
    vault.secrets.set("name:d", HIDDEN)

    assert vault.rows.count_by_key() == {former: VALUES, vault.active: 1}


def test_every_value_is_sealed_again_under_the_active_key_and_reads_as_before(vault):
    before, former = vault.values(), vault.next_key()

    assert vault.drain(former) == VALUES
    assert vault.rows.count_by_key() == {vault.active: VALUES}
    assert vault.values() == before
    assert vault.rows.verify() == []
    assert (vault.uses(former), vault.uses(vault.active)) == (VALUES, VALUES)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_no_more_rows_than_asked_for_are_sealed_at_once(vault, limit):
    former = vault.next_key()
    batches = list(iter(lambda: vault.rows.reseal(former, limit=limit), 0))

    assert sum(batches) == VALUES
    assert max(batches) <= limit + 1  # the two tokens of a row are sealed together
    assert vault.rows.count_by_key() == {vault.active: VALUES}


def test_a_second_run_changes_nothing(vault):
    former = vault.next_key()
    vault.drain(former)
    sealed_again = vault.sql("SELECT sealed FROM secret_version ORDER BY rowid")

    assert vault.rows.reseal(former, limit=10) == 0
    assert vault.sql("SELECT sealed FROM secret_version ORDER BY rowid") == sealed_again


def test_sealing_again_under_the_key_itself_is_refused(vault):
    with pytest.raises(Busy):
        vault.rows.reseal(vault.active, limit=10)

    assert vault.uses(vault.active) == VALUES


def test_destroyed_versions_and_disconnected_forges_hold_nothing_to_seal(vault):
    vault.history.destroy("name:b", 1)
    vault.tokens.delete("gitlab")
    former = vault.next_key()

    assert vault.drain(former) == VALUES - 3
    assert vault.rows.verify() == []
    vault.keys.retire(former)
    assert vault.keys.list()[-1].state is KeyState.ACTIVE


def test_a_value_that_a_writer_changes_between_reading_and_writing_is_left_to_the_writer(vault, mocker):
    former = vault.next_key()
    seal = vault.cipher.seal

    def seal_after_a_write(plaintext, place):
        mocker.stop(spy)
        vault.tokens.upsert(vault.tokens.get("github"), expected_version=1)
        vault.sql("DELETE FROM secret_version WHERE version = 1 AND sealed IS NOT NULL AND rowid = 1")
        vault.sql("DELETE FROM secret WHERE name = 'name:a'")
        return seal(plaintext, place)

    spy = mocker.patch.object(vault.cipher, "seal", side_effect=seal_after_a_write)
    drained = vault.drain(former)

    assert drained == VALUES - 2
    assert vault.tokens.get("github").version == 2
    assert vault.rows.count_by_key() == {vault.active: VALUES - 1}
    assert vault.uses(vault.active) == VALUES - 1
    assert vault.rows.verify() == []


def test_a_damaged_value_is_left_as_it_is_and_the_others_are_sealed_again(vault):
    vault.sql("UPDATE secret_version SET sealed = zeroblob(60) WHERE rowid = 2")
    vault.sql("UPDATE operator_oauth_tokens SET sealed_refresh_token = x'00' WHERE forge_type = 'gitlab'")
    former = vault.next_key()

    assert vault.drain(former, limit=1) == VALUES - 3
    assert vault.rows.count_by_key() == {former: 3, vault.active: VALUES - 3}
    assert vault.sql("SELECT sealed FROM secret_version WHERE rowid = 2") == [(bytes(60),)]


def test_a_damaged_value_that_was_mended_is_sealed_again(vault):
    ((good,),) = vault.sql("SELECT sealed FROM secret_version WHERE rowid = 2")
    vault.sql("UPDATE secret_version SET sealed = zeroblob(60) WHERE rowid = 2")
    former = vault.next_key()
    vault.drain(former)
    vault.sql("UPDATE secret_version SET sealed = ? WHERE rowid = 2", good)

    assert vault.drain(former) == 1
    assert vault.rows.count_by_key() == {vault.active: VALUES}


def test_every_value_is_opened_and_progress_is_told_to_the_end(vault):
    told = []

    assert vault.rows.verify(on_progress=lambda *counts: told.append(counts)) == []
    assert told[-1] == (VALUES, VALUES)


def spliced(*parts):
    """SQL that puts a value together; `||` gives a text."""
    return f"sealed = unhex_({' || '.join(f'hex({part})' for part in parts)})"


FLIPPED = spliced("substr(sealed, 1, 50)", "x'00ff'", "substr(sealed, 53)")
DAMAGES = {
    "plaintext": ("sealed = CAST('plaintext-hidden' AS BLOB)", "not_sealed", "the secret name:a, version 1 is not"),
    "cut off": ("sealed = substr(sealed, 1, 40)", "not_sealed", "the secret name:a, version 1 is not sealed"),
    "another format": (
        spliced("x'535202'", "substr(sealed, 4)"),
        "not_sealed",
        "a format that this version does not",
    ),
    "a key that is not here": (
        spliced("x'535201'", "zeroblob(16)", "substr(sealed, 20)"),
        "unknown_key",
        "the secret name:a, version 1 is sealed under data key 00000000-",
    ),
    "a flipped bit": (
        FLIPPED,
        "tampered",
        "the bytes of the secret name:a, version 1 were changed",
    ),
    "another secret's value": (
        "sealed = (SELECT sealed FROM secret_version WHERE rowid = 4)",
        "moved",
        "the secret name:a, version 1 holds a value that was sealed for the secret name:c, version 1",
    ),
    "another table's value": (
        "sealed = (SELECT sealed_refresh_token FROM operator_oauth_tokens WHERE forge_type = 'gitlab')",
        "moved",
        "sealed for the gitlab refresh_token",
    ),
    "an archived file": (
        "sealed = (SELECT sealed FROM legacy_archive_chunk)",
        "moved",
        "sealed for the archived file tokens/reviewer, part 0",
    ),
    "another row's id": ("secret_id = 'x'", "tampered", "the bytes of secret_version x, version 1 were changed"),
    "no key named": ("key_id = NULL", "tampered", "the row of the secret name:a, version 1 names data key None"),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_what_is_wrong_with_a_value_is_told_exactly_with_a_next_step(vault, how):
    change, code, message = DAMAGES[how]
    vault.sql(f"UPDATE secret_version SET {change} WHERE rowid = 1")

    damage, *of_rows = vault.rows.verify()

    assert (damage.code, damage.table) == (code, "secret_version")
    assert [each.subject for each in of_rows] == (["the secret name:a"] if how == "another row's id" else [])
    assert message in damage.message
    assert damage.advice
    assert "hidden" not in repr(damage)


def test_two_values_that_changed_places_are_both_told_with_the_place_of_the_other(vault):
    (a,), (c,) = (vault.sql("SELECT sealed FROM secret_version WHERE rowid = ?", row)[0] for row in (1, 4))
    vault.sql("UPDATE secret_version SET sealed = CASE rowid WHEN 1 THEN ? ELSE ? END WHERE rowid IN (1, 4)", c, a)

    damages = {damage.subject: damage for damage in vault.rows.verify()}

    assert {damage.code for damage in damages.values()} == {"moved"}
    assert "the secret name:c" in damages["the secret name:a, version 1"].message
    assert "the secret name:a" in damages["the secret name:c, version 1"].message


def test_a_row_that_names_another_key_than_its_value_is_told_with_both(vault):
    former = vault.next_key()
    vault.sql("UPDATE secret_version SET key_id = ? WHERE rowid = 1", vault.active)

    (damage,) = vault.rows.verify()

    assert damage.key_id == former
    assert former in damage.message
    assert vault.active in damage.message


def test_beyond_the_first_damaged_values_the_cause_is_not_sought(vault, monkeypatch):
    monkeypatch.setattr("adapters.sql.diagnosis._DIAGNOSED", 1)
    vault.sql(f"UPDATE secret_version SET {FLIPPED}")

    assert sorted(damage.code for damage in vault.rows.verify()) == ["damaged"] * 3 + ["tampered"]


@pytest.fixture
def _another_table():
    """A table that a later version may bring, with a sealed column in it."""
    binding = Binding("note", "text", "id", "edition")
    table = Table(
        "note",
        metadata,
        Column("id", Text, primary_key=True),
        Column("edition", Integer, nullable=False),
        Column("key_id", Text, ForeignKey("data_key.id")),
        sealed("sealed_text", binding, nullable=True),
    )
    yield
    metadata.remove(table)


@pytest.mark.usefixtures("_another_table")
def test_a_sealed_column_that_is_declared_is_counted_verified_and_sealed_again(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        vault = Sealed(database)
        vault.sql("CREATE TABLE note (id TEXT PRIMARY KEY, edition INTEGER, key_id TEXT, sealed_text BLOB)")
        row_id = "0b9f6c0e-5d6a-4d3b-9a51-2f1f6f0c7a11"
        value = vault.cipher.seal(HIDDEN.encode(), SealContext("note", row_id, 7, "text", "a note"))
        vault.sql("INSERT INTO note VALUES (?, 7, ?, ?)", row_id, value.key_id, value.blob)

        assert ("note", "sealed_text") in {(each.table.name, each.column.name) for each in all_sealed_columns()}
        former = vault.next_key()
        assert vault.drain(former) == 1
        assert vault.rows.count_by_key() == {vault.active: 1}
        vault.sql("UPDATE note SET sealed_text = x'00'")
        (damage,) = vault.rows.verify()
        assert damage.subject == f"note {row_id}, version 7"
