"""The schema in the database is the one in the code; a newer one is refused with nothing written."""

import sqlite3
from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.sql import HEAD, SqliteSchema, open_database, schema
from adapters.sql.columns import metadata
from domain.errors import DatabaseUnusable
from tests.support.races import in_processes
from tests.support.recipes import a_cipher, a_database, a_master_key


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.db"


@pytest.fixture
def database(path):
    with a_database(path) as database:
        yield database


def facts_of(path):
    return SqliteSchema(path, lambda: open_database(path)).look()


def test_the_revisions_make_the_tables_that_the_code_knows(database):
    with database.connected() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_names_of_constraints_and_indexes_are_those_of_the_code(database):
    with database.borrowed() as connection:
        made = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    text = "\n".join(made)

    for table in metadata.sorted_tables:
        for constraint in [*table.constraints, *table.indexes]:
            assert str(constraint.name) in text


def test_the_list_of_revisions_is_that_of_the_folder():
    config = Config()
    config.set_main_option("script_location", str(schema._SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    revisions = [script.revision for script in scripts.walk_revisions()]

    assert tuple(reversed(revisions)) == schema.REVISIONS
    assert scripts.get_heads() == [HEAD]


def test_every_table_is_strict(database):
    with database.borrowed() as connection:
        strict = {row[1]: row[5] for row in connection.execute("PRAGMA table_list") if row[0] == "main"}

    assert {table.name for table in metadata.sorted_tables} <= strict.keys()
    assert {table.name: strict[table.name] for table in metadata.sorted_tables if not strict[table.name]} == {}


def test_the_tables_of_the_contract_are_there_with_their_columns(database):
    with database.borrowed() as connection:
        columns = list(connection.execute("PRAGMA table_info(claude_sdk_sessions)"))
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    assert [(name, kind, bool(not_null), bool(key)) for _, name, kind, not_null, _, key in columns] == [
        ("key", "TEXT", True, True),
        ("session_id", "TEXT", True, False),
        ("last_used_at", "INTEGER", True, False),
        ("created_at", "INTEGER", True, False),
    ]
    contract = {"secret", "secret_version", "operator_oauth_tokens", "data_key", "migration_ledger", "legacy_archive"}
    assert contract | {"api_token", "setting", "oauth_connection_fault", "oauth_authorization", "lease"} <= tables


def test_a_missing_database_is_looked_at_without_making_it(path):
    facts = facts_of(path)

    assert (facts.exists, facts.is_current, facts.sealed_under) == (False, False, frozenset())
    assert not path.exists()


def test_an_empty_file_is_a_database_without_schema(path):
    path.touch()

    facts = facts_of(path)

    assert (facts.exists, facts.is_current, facts.sealed_under) == (True, False, frozenset())
    assert path.stat().st_size == 0


def test_a_database_names_the_keys_it_is_sealed_under(path):
    with a_database(path) as database:
        assert facts_of(path).sealed_under == frozenset()
        a_cipher(database)

    assert facts_of(path).sealed_under == {a_master_key().fingerprint}
    assert facts_of(path).is_current


def test_an_upgrade_at_head_writes_nothing(path):
    with a_database(path):
        pass
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    with a_database(path):
        pass

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_newer_schema_is_refused_with_nothing_written(path):
    with a_database(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    with pytest.raises(DatabaseUnusable, match=f"newer than this version: its schema is 9999.* here is {HEAD}"):
        facts_of(path)
    with pytest.raises(DatabaseUnusable, match="newer"), a_database(path):
        pass

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE setting (in_the_way INTEGER)")
    connection.commit()
    connection.close()

    with pytest.raises(DatabaseUnusable), a_database(path):
        pass

    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.close()
    assert tables == ["setting"]


def _upgraded(path, _number):
    with a_database(path) as database:
        return schema.current(database)


def test_of_two_processes_that_upgrade_at_once_both_find_it_at_head(path):
    assert in_processes(partial(_upgraded, path), count=2) == [HEAD] * 2
