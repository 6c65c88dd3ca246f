"""The check-up of key, schema, structure, engine and encryption: each trouble is told once, with what to do."""

import base64
import json
import secrets
import sqlite3

import pytest

from adapters.sql.checkup import has_wal_reset_bug
from domain.instants import DAY_MS
from domain.keys import SEALS_PER_KEY
from tests.integration.doctor.checks import checks_of, the_one
from tests.support.backed_up import sql


def test_a_missing_key_is_a_failure_of_integrity_and_the_rest_is_still_looked_at(home):
    home.key_file.unlink()

    checks = json.loads((result := home.call("doctor", "--json")).stdout)["checks"]

    assert result.exit_code == 8
    assert checks[0]["name"] == "master key"
    assert "missing" in checks[0]["detail"]
    assert {"permissions", "disk space"} <= {check["name"] for check in checks}


def test_a_wrong_key_is_told_with_both_fingerprints(home):
    home.key_file.write_bytes(base64.b64encode(secrets.token_bytes(32)))

    check = the_one(checks_of(home, code=8))

    assert check["code"] == "key_refused"
    assert "wrong master key" in check["detail"]


def test_a_damaged_data_key_is_told(home):
    sql(home.database, "UPDATE data_key SET canary = zeroblob(80) WHERE purpose = 'seal'")

    assert the_one(checks_of(home, code=8))["name"] == "data keys"


def test_a_database_of_a_newer_version_is_told(home):
    sql(home.database, "UPDATE alembic_version SET version_num = '9999'")

    check = the_one(checks_of(home, code=1))

    assert (check["name"], "newer" in check["detail"]) == ("schema", True)


def test_a_damaged_page_is_told(home):
    connection = sqlite3.connect(home.database)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'claude_sdk_sessions'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    with home.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x0a\x00\x00\xff\xff")

    result = home.call("doctor", "--json")

    database = [check for check in json.loads(result.stdout)["checks"] if check["name"] == "database"]
    assert result.exit_code == 8
    assert database[0]["status"] == "fail"


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_versions_of_sqlite_that_may_damage_a_log_are_known(version, has_bug):
    assert has_wal_reset_bug(version) is has_bug


def test_such_a_version_is_a_warning(home, monkeypatch):
    monkeypatch.setattr("adapters.sql.checkup.has_wal_reset_bug", lambda _: True)

    check = the_one(checks_of(home, code=10))

    assert check["name"] == "engine"
    assert "`pysqlite3`" in check["advice"]


def test_the_proof_of_encryption_names_the_key_and_counts(home):
    key = sql(home.database, "SELECT id FROM data_key WHERE purpose = 'seal'")[0][0]

    result = home.call("doctor")

    assert f"encrypting: yes, key {key}, 10 values, 0 plaintext" in result.stdout


@pytest.mark.parametrize("uses", [SEALS_PER_KEY // 2, SEALS_PER_KEY])
def test_a_data_key_that_has_sealed_half_of_what_it_may_is_told_with_that_limit(home, uses):
    sql(home.database, "UPDATE data_key SET uses = ? WHERE purpose = 'seal'", uses)

    check = the_one(checks_of(home, code=10))

    assert check["name"] == "data keys"
    assert f"has sealed {uses:,} of the {SEALS_PER_KEY:,} values that it may" in check["detail"]
    assert "`strongroom keys rotate`" in check["advice"]


def test_below_half_of_its_limit_a_data_key_is_well(home):
    sql(home.database, "UPDATE data_key SET uses = ? WHERE purpose = 'seal'", SEALS_PER_KEY // 2 - 1)

    assert checks_of(home, code=0) == []


def test_a_data_key_that_was_replaced_may_have_sealed_all_that_it_may(home):
    home.call("keys", "rotate")
    sql(home.database, "UPDATE data_key SET uses = ?, state = 'decrypt_only' WHERE state = 'retired'", SEALS_PER_KEY)

    assert checks_of(home, code=0) == []


@pytest.mark.parametrize("table", ["audit_event", "secret_version", "setting", "data_key"])
def test_a_missing_table_is_told_under_the_schema_and_under_nothing_that_it_has_no_part_in(home, table):
    connection = sqlite3.connect(home.database)
    connection.execute(f"DROP TABLE {table}")
    connection.close()

    checks = checks_of(home)

    assert {check["name"] for check in checks} - {"audit log"} == {"schema"}
    assert all(table in check["detail"] for check in checks)
    assert ("audit log" in {check["name"] for check in checks}) is (table == "audit_event")
    assert all("newest backup" in check["advice"] for check in checks if check["name"] == "schema")


@pytest.mark.parametrize("table", ["audit_event", "secret_version"])
def test_a_missing_table_keeps_nothing_from_being_looked_at_in_the_others(home, table):
    connection = sqlite3.connect(home.database)
    connection.execute(f"DROP TABLE {table}")
    connection.close()

    checks = json.loads(home.call("doctor", "--json").stdout)["checks"]

    assert {"clock", "encryption"} <= {check["name"] for check in checks if check["status"] == "ok"}


def test_a_missing_column_is_told_under_the_schema(home):
    connection = sqlite3.connect(home.database)
    connection.execute("ALTER TABLE api_token DROP COLUMN last_used_at")
    connection.close()

    check = checks_of(home, code=1)[0]

    assert check["name"] == "schema"
    assert "api_token.last_used_at" in check["detail"]


def test_a_table_that_is_not_ours_is_told_under_the_schema(home):
    connection = sqlite3.connect(home.database)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()

    check = the_one(checks_of(home, code=10))

    assert check["name"] == "schema"
    assert "not ours are in the database: notes" in check["detail"]


def test_a_file_that_is_no_database_is_not_told_as_a_fault_of_the_key(home):
    home.database.write_bytes(b"no database" * 1_000)

    assert the_one(checks_of(home, code=8))["name"] == "database"


def test_plaintext_in_a_sealed_column_is_told(home):
    sql(home.database, "UPDATE secret_version SET sealed = ?", b"tok-plain-as-day")

    check = the_one(checks_of(home, code=8))

    assert check["name"] == "encryption"
    assert "3 plaintext" in check["detail"]


def test_a_clock_that_was_set_back_is_told(home):
    sql(home.database, "UPDATE setting SET updated_at = 0")
    sql(home.database, "UPDATE migration_ledger SET imported_at = imported_at + ?", 90 * DAY_MS)

    assert the_one(checks_of(home, code=1))["name"] == "clock"


def test_sessions_may_be_of_another_time(home):
    sql(home.database, "UPDATE claude_sdk_sessions SET last_used_at = last_used_at + ?", 900 * DAY_MS)

    assert checks_of(home, code=0) == []
