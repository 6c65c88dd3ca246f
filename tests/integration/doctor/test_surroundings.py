"""The check-up of what stands around the database: who else may look, and what was left unfinished."""

import base64
import fcntl
import json
import os
import secrets
import stat

import pytest

from tests.integration.doctor.checks import checks_of, the_one


@pytest.mark.parametrize(
    ("path", "mode", "status"),
    [
        ("config/master.key", 0o640, "fail"),
        ("config/master.key", 0o604, "fail"),
        ("config", 0o755, "warn"),
        ("state", 0o770, "fail"),
        ("state/agents.db", 0o644, "warn"),
        ("state/agents.db", 0o660, "fail"),
        ("state/backups", 0o711, "warn"),
    ],
)
def test_a_mode_that_lets_others_in_is_told_with_the_command_that_mends_it(home, path, mode, status):
    place = home.state.parent / path
    place.chmod(mode)

    check = the_one(checks_of(home))

    assert (check["name"], check["status"]) == ("permissions", status)
    assert str(place) in check["detail"]
    assert f"chmod {'700' if place.is_dir() else '600'} {place}" in check["advice"]


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_backup_or_manifest_that_others_may_read_is_told(home, suffix):
    backup = next(home.state.glob("backups/*Z"))
    backup.with_name(backup.name + suffix).chmod(0o644)

    assert backup.name + suffix in the_one(checks_of(home, code=10))["detail"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_database_of_somebody_else_is_told(home):
    os.chown(home.database, 65_534, 65_534)

    check = the_one(checks_of(home, code=10))

    assert "belongs to another user" in check["detail"]


STAGED = "config/master.key.next"
UNFINISHED = "config/.master.key.0123456789abcdef.tmp"
UNFINISHED_NEXT = "config/.master.key.next.0123456789abcdef.tmp"
HALF_A_BACKUP = "state/backups/agents.db.bak-20261124T120000Z.partial"
HALF_A_MANIFEST = "state/backups/agents.db.bak-20261124T120000Z.json.partial"
SCRATCH = ("state/agents.db.restoring", "state/agents.db.rehearsal", "state/agents.db.restoring-wal")


@pytest.mark.parametrize("path", [UNFINISHED, UNFINISHED_NEXT, HALF_A_BACKUP, HALF_A_MANIFEST, *SCRATCH])
def test_what_an_interrupted_write_left_is_told_with_the_command_that_removes_it(home, path):
    place = lay(home, path)

    check = the_one(checks_of(home, code=10))

    assert check["name"] == "leftovers"
    assert str(place) in check["detail"]
    may_hold_key = path in {UNFINISHED, UNFINISHED_NEXT}
    assert ("a master key" in check["detail"]) is may_hold_key
    assert (f"shred -u {place}" if may_hold_key else "doctor --fix") in check["advice"]


@pytest.mark.parametrize("path", [HALF_A_BACKUP, *SCRATCH])
def test_what_is_just_being_written_is_no_leftover_and_nothing_removes_it(home, path):
    place = lay(home, path)
    claim = place.with_name(place.name.removesuffix("-wal"))
    with claim.open("ab") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)

        assert checks_of(home, code=0) == []
        assert home.call("doctor", "--fix").exit_code == 0
    assert place.exists()


def test_half_a_backup_is_mended_and_what_may_hold_a_key_is_not(home):
    paths = (HALF_A_BACKUP, HALF_A_MANIFEST, *SCRATCH, UNFINISHED, UNFINISHED_NEXT, STAGED)
    places = {path: lay(home, path, another_key()) for path in paths}

    fixed = json.loads(home.call("doctor", "--fix", "--json").stdout)["fixed"]

    assert len(fixed) == 5
    assert {path for path, place in places.items() if place.exists()} == {UNFINISHED, UNFINISHED_NEXT, STAGED}


def test_what_another_program_calls_like_ours_is_left_alone(home):
    place = lay(home, "state/backups/agents.db.bak-mine.partial")

    assert json.loads(home.call("doctor", "--fix", "--json").stdout)["fixed"] == []
    assert place.exists()


@pytest.mark.parametrize(
    ("path", "mode", "mended"),
    [("state", 0o755, 0o700), ("state/agents.db", 0o644, 0o600), ("config/master.key", 0o640, 0o600)],
)
def test_permissions_that_are_too_wide_are_mended(home, path, mode, mended):
    place = home.state.parent / path
    place.chmod(mode)

    result = home.call("doctor", "--fix")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"fixed {place}: mode {mode:04o} is {mended:04o} now\n")
    assert stat.S_IMODE(place.stat().st_mode) == mended


def test_permissions_that_are_narrower_are_left_as_they_are(home):
    home.key_file.chmod(0o400)

    assert json.loads(home.call("doctor", "--fix", "--json").stdout)["fixed"] == []
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o400


def test_a_staged_key_is_told_and_that_it_is_not_to_be_removed_by_hand(home):
    place = lay(home, STAGED, another_key())

    check = the_one(checks_of(home, code=10))

    assert check["name"] == "leftovers"
    assert f"{place} is the next master key" in check["detail"]
    assert "`strongroom status`" in check["advice"]
    assert "not remove it by hand" in check["advice"]
    assert "shred" not in check["advice"]


@pytest.mark.parametrize("wrapped", [False, True], ids=["before the data keys were wrapped", "after"])
def test_what_is_advised_for_a_staged_key_settles_it(home, wrapped):
    new = another_key()
    if wrapped:
        old = home.key_file.read_bytes()
        change_master(home, new)
        home.key_file.write_bytes(old)
    place = lay(home, STAGED, new)
    the_one(checks_of(home, code=10))

    assert home.call("status").exit_code == 0

    assert not place.exists()
    assert (home.key_file.read_bytes() == new) is wrapped
    assert checks_of(home, code=0) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
@pytest.mark.parametrize("path", [STAGED, UNFINISHED, UNFINISHED_NEXT])
def test_a_key_that_is_not_in_its_place_is_not_for_others_either(home, path, mode):
    place = lay(home, path, another_key(), mode=mode)

    permissions, leftover = checks_of(home, code=1)

    assert (permissions["name"], permissions["status"], leftover["name"]) == ("permissions", "fail", "leftovers")
    assert f"{place} has mode {mode:04o}: others may have the key" in permissions["detail"]
    assert f"chmod 600 {place}" in permissions["advice"]
    assert "change-master" in permissions["advice"]


def test_a_second_name_of_the_key_file_is_not_to_be_shredded(home):
    place = home.state.parent / UNFINISHED
    place.hardlink_to(home.key_file)

    check = the_one(checks_of(home, code=10))

    assert f"{place} is another name of the master key file" in check["detail"]
    assert check["advice"].startswith(f"rm {place};")
    assert "shred -u" not in check["advice"]


def test_a_key_file_that_is_a_link_is_looked_at_where_it_lies(home):
    elsewhere = home.state.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    home.key_file.rename(elsewhere / "key")
    home.key_file.symlink_to(elsewhere / "key")
    left = [lay(home, f"elsewhere/{name}", another_key(), mode=0o644) for name in ("key.next", ".key.0a.tmp")]

    checks = checks_of(home, code=1)

    for place in left:
        told = [check["name"] for check in checks if str(place) in check["detail"]]
        assert told == ["permissions", "leftovers"]


def test_half_a_key_in_a_directory_with_two_names_is_told_once(home, tmp_path):
    lay(home, UNFINISHED)
    (tmp_path / "other name").symlink_to(home.config)
    home.env["STRONGROOM_MASTER_KEY_FILE"] = str(tmp_path / "other name" / "master.key")

    assert the_one(checks_of(home, code=10))["name"] == "leftovers"


def lay(home, path, content=b"half", *, mode=0o600):
    place = home.state.parent / path
    place.write_bytes(content)
    place.chmod(mode)
    return place


def another_key():
    return base64.b64encode(secrets.token_bytes(32)) + b"\n"


def change_master(home, key):
    (home.state.parent / "new.key").write_bytes(key)
    assert home.call("keys", "change-master", "--new-key-file", str(home.state.parent / "new.key")).exit_code == 0
