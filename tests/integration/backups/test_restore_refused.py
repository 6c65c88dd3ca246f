"""A backup that is not right is refused before the database is touched, and says what is wrong with it."""

import os
import shutil
import sqlite3

import pytest

from domain.errors import Busy, Conflict, DatabaseUnusable, Integrity, KeyRefused, NotFound
from tests.integration.backups.restorable import STATE_NOW, STATE_THEN, Machine, rows_of
from tests.support.backed_up import sql


def truncated(machine):
    os.truncate(machine.file, machine.file.stat().st_size - 4_096)


def one_bit_turned(machine):
    content = bytearray(machine.file.read_bytes())
    content[len(content) // 2] ^= 1
    machine.file.write_bytes(content)


def emptied(machine):
    machine.file.write_bytes(b"")


def without_manifest(machine):
    machine.file.with_name(f"{machine.backup}.json").unlink()


def with_a_foreign_manifest(machine):
    machine.file.with_name(f"{machine.backup}.json").write_text('{"name": "of something else"}')


def foreign(machine):
    """Another database in its place, described as it is."""
    machine.file.unlink()
    connection = sqlite3.connect(machine.file)
    connection.executescript("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine');")
    connection.close()
    machine.describe_as_it_is()


def no_database(machine):
    machine.file.write_bytes(b"no database" * 1_000)
    machine.describe_as_it_is()


def a_page_overwritten_and_described(machine):
    content = bytearray(machine.file.read_bytes())
    content[4_096] ^= 0xFF
    machine.file.write_bytes(content)
    machine.describe_as_it_is()


def a_value_spoiled_and_described(machine):
    sql(machine.file, "UPDATE secret_version SET sealed = zeroblob(length(sealed))")
    machine.describe_as_it_is()


def a_row_deleted_and_described(machine):
    sql(machine.file, "DELETE FROM claude_sdk_sessions")
    machine.describe_as_it_is()


def without_data_keys(machine):
    for table in ("secret_version", "operator_oauth_tokens", "data_key"):
        sql(machine.file, f"DELETE FROM {table}")
    machine.describe_as_it_is()
    machine.rewrite_manifest(rows=rows_of(machine.file))


def free_pages_miscounted_and_described(machine):
    """Every row is there and every value opens; only SQLite's own check sees it."""
    content = bytearray(machine.file.read_bytes())
    content[36:40] = (7).to_bytes(4)  # https://sqlite.org/fileformat2.html#the_freelist
    machine.file.write_bytes(content)
    machine.describe_as_it_is()


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        one_bit_turned,
        emptied,
        without_manifest,
        with_a_foreign_manifest,
        foreign,
        no_database,
        a_page_overwritten_and_described,
        a_value_spoiled_and_described,
        a_row_deleted_and_described,
        without_data_keys,
        free_pages_miscounted_and_described,
    ],
    ids=lambda damage: damage.__name__,
)
def test_what_is_damaged_is_refused_and_the_database_stays_byte_for_byte(machine, damage):
    damage(machine)
    before = machine.fingerprints()

    for act in (machine.plan, machine.restore):
        with pytest.raises((Integrity, DatabaseUnusable)) as caught:
            act()
        assert "tok-" not in f"{caught.value.message} {caught.value.advice}"

    assert machine.fingerprints() == before
    assert machine.held() == STATE_NOW


def test_another_master_key_is_refused_with_both_fingerprints(machine, tmp_path):
    other = Machine(tmp_path / "other").set_up()
    with machine.opened() as ours, other.opened() as theirs:
        fingerprints = [state.container.master_key().fingerprint for state in (ours, theirs)]
    before = machine.fingerprints()

    for act in (machine.plan, machine.restore):
        with pytest.raises(KeyRefused) as caught:
            act(other.file)
        assert all(fingerprint in caught.value.message for fingerprint in fingerprints)

    assert machine.fingerprints() == before


def test_without_a_master_key_nothing_is_restored(machine):
    machine.key_file.unlink()
    before = machine.fingerprints()

    with pytest.raises(KeyRefused, match="the master key is missing"):
        machine.restore()

    assert machine.fingerprints() == before
    assert not machine.key_file.exists()


def test_a_backup_under_the_key_that_is_there_is_restored_though_the_database_is_under_another(machine, tmp_path):
    key = machine.key_file.read_bytes()
    other = Machine(tmp_path / "other").set_up()
    shutil.copyfile(other.database, machine.database)
    assert machine.key_file.read_bytes() == key

    kept = machine.restore().kept

    assert machine.held() == STATE_THEN
    with machine.opened() as state:
        backup = next(each for each in state.container.backups().list() if each.file == kept.name)
        assert not backup.verified


@pytest.mark.parametrize("schema", ["9999", "0005", "none"])
def test_a_backup_of_a_schema_that_is_not_known_is_refused(machine, schema):
    sql(machine.file, "UPDATE alembic_version SET version_num = ?", schema)
    machine.describe_as_it_is()
    machine.rewrite_manifest(schema=schema)
    before = machine.fingerprints()

    with pytest.raises(DatabaseUnusable, match=f"of schema {schema}"):
        machine.restore()

    assert machine.fingerprints() == before


def test_a_newer_database_under_the_manifest_of_an_older_one_is_refused(machine):
    sql(machine.file, "UPDATE alembic_version SET version_num = '9999'")
    machine.describe_as_it_is()
    before = machine.fingerprints()

    with pytest.raises(Integrity, match="does not hold what its manifest says"):
        machine.restore()

    assert machine.fingerprints() == before


@pytest.mark.parametrize(
    "name", ["agents.db", "agents.db.bak-20200101T000000Z", "../agents.db", "backups", "agents.db.bak-x", "\0", ""]
)
def test_a_name_that_is_no_backup_is_not_found(machine, name):
    before = machine.fingerprints()

    with pytest.raises(NotFound):
        machine.restore(name or ".")

    assert machine.fingerprints() == before


def test_while_the_master_key_is_being_changed_nothing_is_restored(machine):
    machine.key_file.with_name("master.key.next").write_bytes(machine.key_file.read_bytes())

    with pytest.raises(Conflict, match="change of the master key"):
        machine.restore()


def test_without_room_nothing_is_changed(machine, monkeypatch):
    from adapters.sql import room

    before = machine.fingerprints()
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1}))

    with pytest.raises(DatabaseUnusable, match="no room for a restore"):
        machine.restore()

    assert machine.fingerprints() == before


def test_a_writer_that_does_not_end_is_waited_for_and_not_for_ever(machine, monkeypatch):
    from adapters.sql import replacing

    monkeypatch.setattr(replacing, "PATIENCE_S", 0.3)
    with machine.opened() as state, state.container.database().transaction(), pytest.raises(Busy):
        machine.restore()

    assert machine.held() == STATE_NOW


def test_a_disk_that_refuses_is_told_and_nothing_is_changed(machine, monkeypatch):
    from adapters.sql import database_restore

    before = machine.fingerprints()

    def refuse(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database_restore.os, "fdatasync", refuse)

    with pytest.raises(DatabaseUnusable, match=r"the restore could not be written to .*: No space left on device"):
        machine.restore()

    assert machine.fingerprints() == before
