"""`strongroom backup`: what it prints, how it ends, and that a person is asked before anything is replaced."""

import json
import os
import re
import shutil

import pytest

from tests.integration.cli.homes import REVIEWER_TOKEN, Home

NAME = r"agents\.db\.bak-\d{8}T\d{6}Z(-\d+)?"
TOKEN = "agent_token:reviewer"


@pytest.fixture
def backed_up(home):
    """A machine with a backup, whose token was replaced since."""
    home.call("secrets", "set", TOKEN, stdin="tok-then")
    home.backup = json.loads(home.call("backup", "create", "--json").stdout)["file"]
    home.call("secrets", "set", TOKEN, stdin="tok-now")
    return home


def token_of(home):
    return home.call("secrets", "get", TOKEN).stdout


def test_a_backup_that_is_made_is_described(home):
    result = home.call("backup", "create", "--json")

    made = json.loads(result.stdout)
    assert result.exit_code == 0
    assert re.fullmatch(NAME, made["file"])
    assert made["verified"] is True
    assert made["bytes"] == (home.state / "backups" / made["file"]).stat().st_size
    assert len(made["sha256"]) == 64


def test_backups_are_listed_newest_first(backed_up):
    newer = json.loads(backed_up.call("backup", "create", "--json").stdout)["file"]

    listed = json.loads(backed_up.call("backup", "list", "--json").stdout)
    text = backed_up.call("backup", "list").stdout.splitlines()

    assert [each["file"] for each in listed] == [newer, backed_up.backup]
    assert [line.split()[0] for line in text] == ["BACKUP", newer, backed_up.backup]


def test_without_a_backup_the_list_says_so(home):
    assert home.call("backup", "list").stdout == "there is no backup yet\n"
    assert json.loads(home.call("backup", "list", "--json").stdout) == []


def test_a_restore_brings_the_old_value_back_and_says_where_the_new_one_is(backed_up):
    result = backed_up.call("backup", "restore", backed_up.backup, "--confirm", backed_up.backup, "--json")

    done = json.loads(result.stdout)
    assert result.exit_code == 0
    assert done["backup"]["file"] == backed_up.backup
    assert done["kept"]["is_backup"] is True
    assert token_of(backed_up) == "tok-then"

    kept = done["kept"]["name"]
    assert backed_up.call("backup", "restore", kept, "--confirm", kept).exit_code == 0
    assert token_of(backed_up) == "tok-now"


@pytest.mark.parametrize("given", ["by its name", "by its path", "by a relative path", "in this directory"])
def test_a_backup_is_found(backed_up, monkeypatch, tmp_path, given):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in (backed_up.backup, f"{backed_up.backup}.json"):
        shutil.copy2(backed_up.state / "backups" / name, elsewhere / name)
    monkeypatch.chdir(elsewhere if given == "in this directory" else tmp_path)
    if given != "by its name":
        (backed_up.state / "backups" / backed_up.backup).unlink()
    file = {
        "by its name": backed_up.backup,
        "by its path": str(elsewhere / backed_up.backup),
        "by a relative path": f"elsewhere/{backed_up.backup}",
        "in this directory": backed_up.backup,
    }[given]

    assert backed_up.call("backup", "verify", file).exit_code == 0
    assert backed_up.call("backup", "restore", file, "--confirm", backed_up.backup).exit_code == 0
    assert token_of(backed_up) == "tok-then"


def test_a_dry_run_asks_for_nothing_and_replaces_nothing(backed_up):
    result = backed_up.call("backup", "restore", backed_up.backup, "--dry-run")

    assert result.exit_code == 0
    assert result.stdout.endswith("nothing was written\n")
    assert token_of(backed_up) == "tok-now"


def test_without_the_name_nothing_is_replaced(backed_up):
    for confirm in ((), ("--confirm", "another")):
        result = backed_up.call("backup", "restore", backed_up.backup, *confirm)

        assert result.exit_code == 2
        assert f"--confirm {backed_up.backup}" in result.stderr
    assert token_of(backed_up) == "tok-now"


def test_another_master_key_ends_with_8_and_names_both(backed_up, tmp_path):
    other = Home(tmp_path / "other")
    other.call("secrets", "set", TOKEN, stdin="tok-other")
    prints = [
        json.loads(each.call("keys", "status", "--json").stdout)["master_key"]["fingerprint"]
        for each in (backed_up, other)
    ]
    before = other.database.read_bytes()
    file = backed_up.state / "backups" / backed_up.backup

    result = other.call("backup", "restore", str(file), "--confirm", backed_up.backup)

    assert result.exit_code == 8
    assert all(fingerprint in result.stderr for fingerprint in prints)
    assert other.database.read_bytes() == before


def test_what_is_cut_off_ends_with_8_and_the_database_stays(backed_up):
    os.truncate(backed_up.state / "backups" / backed_up.backup, 8_192)
    before = backed_up.database.read_bytes()

    assert backed_up.call("backup", "verify", backed_up.backup).exit_code == 8
    assert backed_up.call("backup", "restore", backed_up.backup, "--confirm", backed_up.backup).exit_code == 8
    assert backed_up.database.read_bytes() == before


def test_what_is_not_there_ends_with_5(backed_up):
    for command in ("verify", "restore"):
        assert backed_up.call("backup", command, "agents.db.bak-20200101T000000Z").exit_code == 5


def test_pruning_says_which_stay_and_why(backed_up):
    newer = json.loads(backed_up.call("backup", "create", "--json").stdout)["file"]

    planned = backed_up.call("backup", "prune", "--keep", "last=1", "--dry-run").stdout
    pruned = json.loads(backed_up.call("backup", "prune", "--keep", "last=1", "--json").stdout)

    assert planned == f"keep    {newer}  (newest, newest verified, last)\nremove  {backed_up.backup}\n"
    assert pruned == {
        "dry_run": False,
        "kept": [{"file": newer, "because": ["newest", "newest verified", "last"]}],
        "removed": [backed_up.backup],
    }
    assert backed_up.call("backup", "prune").stdout.endswith("no backup goes\n")


def test_a_rehearsal_is_remembered(backed_up):
    said = backed_up.call("backup", "rehearse").stdout
    (job,) = [
        each for each in json.loads(backed_up.call("status", "--json").stdout)["jobs"] if each["name"] == "rehearsal"
    ]

    assert said == f"restored {backed_up.backup}, values opened: 1\n"
    assert job["result"] == said.strip()
    assert not list(backed_up.state.glob("*.rehearsal*"))


def test_a_rehearsal_of_nothing_says_so(home):
    result = home.call("backup", "rehearse")

    assert result.exit_code == 5
    assert "there is no verified backup to restore" in result.stderr


def test_a_backup_from_before_the_files_moved_in_holds_what_moved_in(moved_home):
    (backup,) = json.loads(moved_home.call("backup", "list", "--json").stdout)
    moved_home.call("secrets", "delete", TOKEN, "--confirm", TOKEN)

    assert backup["reason"] == "migration"
    assert moved_home.call("backup", "restore", backup["file"], "--confirm", backup["file"]).exit_code == 0
    assert token_of(moved_home) == REVIEWER_TOKEN


def test_off_site_without_a_place_says_what_to_set(home):
    result = home.call("backup", "push")

    assert result.exit_code == 2
    assert "STRONGROOM_OFFSITE_URL" in result.stderr
