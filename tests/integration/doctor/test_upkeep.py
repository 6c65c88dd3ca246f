"""The check-up of what has to be kept up: old files, migrations, backups, what expires, and the audit log."""

import json
import re
import shutil

import pytest

from domain.instants import DAY_MS
from tests.integration.doctor.checks import checks_of, the_one
from tests.support.backed_up import sql

NAME = "agent_token:reviewer"


def test_old_files_and_copies_that_editors_left_are_told_apart(home):
    home.put("tokens/late", "tok-late")
    home.put("tokens/coder~", "tok-old")

    waiting, left = checks_of(home, code=10)

    assert "config/tokens/late" in waiting["detail"]
    assert "config/tokens/coder~" in left["detail"]


def test_a_source_that_waits_for_a_person_is_told_with_its_next_step(home):
    home.put("tokens/reviewer", "tok-SENTINEL-another")
    home.call("migrate")

    checks = checks_of(home, code=10)

    assert [check["name"] for check in checks] == ["old files", "migrations"]
    assert "--prefer database" in checks[1]["advice"]


@pytest.mark.parametrize("change", [{"verified": False}, {"created_at": 1_700_000_000_000}], ids=["unverified", "old"])
def test_a_backup_that_is_old_or_unverified_is_told(home, change):
    manifest = next(home.state.glob("backups/*.json"))
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **change}))

    assert the_one(checks_of(home, code=10))["name"] == "backups"


def test_no_backup_is_told(home):
    shutil.rmtree(home.state / "backups")

    assert "none" in the_one(checks_of(home, code=10))["detail"]


def test_what_expires_soon_is_told_and_what_can_be_refreshed_is_not(home):
    soon = sql(home.database, "SELECT max(updated_at) FROM secret")[0][0] + DAY_MS
    sql(home.database, "UPDATE secret SET expires_at = ? WHERE name = ?", soon, NAME)
    sql(home.database, "UPDATE operator_oauth_tokens SET expires_at = ?", soon)

    check = the_one(checks_of(home, code=10))

    assert NAME in check["detail"]


def test_a_token_that_cannot_be_refreshed_is_told(home):
    soon = sql(home.database, "SELECT max(updated_at) FROM secret")[0][0] + DAY_MS
    sql(home.database, "UPDATE operator_oauth_tokens SET sealed_refresh_token = NULL, expires_at = ?", soon)

    assert "gitlab" in the_one(checks_of(home, code=10))["detail"]


def test_an_edited_audit_log_is_told(home):
    home.call("secrets", "get", NAME)
    sql(home.database, "UPDATE audit_event SET actor = 'nobody' WHERE sequence = 1")

    check = the_one(checks_of(home, code=8))

    assert check["name"] == "audit log"
    assert "secrets are refused" not in check["detail"]


def test_an_audit_log_that_was_removed_as_a_whole_is_told_with_the_way_on(home):
    home.call("secrets", "get", NAME)
    sql(home.database, "DELETE FROM audit_event")
    sql(home.database, "DELETE FROM audit_checkpoint")

    check = the_one(checks_of(home, code=8))

    assert check["name"] == "audit log"
    assert "removed" in check["detail"]
    assert "secrets are refused" in check["detail"]
    for step in (
        "copy the state directory: it is evidence",
        "`strongroom audit verify`",
        "compare with a backup",
        "`strongroom audit prune --older-than 0s --accept-faults --confirm audit`",
    ):
        assert step in check["advice"]


def test_what_is_advised_for_an_audit_log_that_was_removed_lets_secrets_be_read_again(home):
    sql(home.database, "DELETE FROM audit_event")
    sql(home.database, "DELETE FROM audit_checkpoint")
    advised = re.search(r"`strongroom (audit prune [^`]*)`", the_one(checks_of(home, code=8))["advice"])[1]
    assert home.call("secrets", "get", NAME).exit_code == 8

    home.call(*advised.split())

    assert home.call("secrets", "get", NAME).exit_code == 0
    assert checks_of(home, code=0) == []


def test_of_many_faults_of_the_audit_log_the_first_are_told_and_the_others_counted(home):
    for _ in range(9):
        home.call("secrets", "get", NAME)
    sql(home.database, "UPDATE audit_event SET actor = actor || 'x'")

    check = the_one(checks_of(home, code=8))

    assert re.search(r"; and [1-9]\d* more", check["detail"])
