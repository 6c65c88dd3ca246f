"""The deep check-up: every value is opened, and looked for in the clear wherever it could have been left."""

import base64
import json
import os
import resource
import sqlite3
from pathlib import Path

import pytest

from adapters.filesystem.haystacks import LARGEST, Haystacks, SearchedPlaces
from tests.integration.cli.homes import CODER_TOKEN, GITLAB_REFRESH, REVIEWER_TOKEN, SENTINEL
from tests.integration.doctor.checks import checks_of, the_one
from tests.support.backed_up import sql

NAME = "agent_token:reviewer"


def test_a_damaged_value_is_named_by_the_deep_look_alone(home):
    row = "secret_id = (SELECT id FROM secret WHERE name = ?)"
    blob = sql(home.database, f"SELECT sealed FROM secret_version WHERE {row}", NAME)[0][0]
    damaged = blob[:-1] + bytes([blob[-1] ^ 1])
    sql(home.database, f"UPDATE secret_version SET sealed = ? WHERE {row}", damaged, NAME)

    check = the_one(checks_of(home, "--deep", code=8))

    assert check["name"] == "sealed values"
    assert NAME in check["detail"]
    assert checks_of(home, code=0) == []


FOUND_IN = {
    "log": "state/service.log",
    "directory of logs": "state/logs/a.log",
    "file deep below": "state/a/b/c.txt",
    "file of any name among backups": "state/backups/other.txt",
    "directory among old files": "config/tokens/old/reviewer",
    "file beside the key": "config/notes.txt",
    "hidden file": "state/.cache",
    "rotated log": "state/service.log.1",
    "copy of the database": "state/agents.db.old",
    "journal": "state/agents.db-journal",
    "backup": "state/backups/agents.db.bak-20200101T000000Z",
    "manifest": "state/backups/agents.db.bak-20200101T000000Z.json",
    "half a backup": "state/backups/agents.db.bak-20200101T000000Z.partial",
    "old file": "config/tokens/late",
    "copy of an old file": "config/tokens/.reviewer.swp",
    "copy of another": "state/gitlab-oauth-token.json.bak",
    "file taken aside": "config/tokens/.reviewer.strongroom-0123456789abcdef",
}


@pytest.mark.parametrize("path", FOUND_IN.values(), ids=FOUND_IN)
def test_a_value_in_the_clear_is_found_in(home, path):
    place = home.state.parent / path
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.write_text(f"something before {GITLAB_REFRESH} and behind")
    place.chmod(0o600)

    checks = [check for check in checks_of(home, "--deep", code=1) if check["name"] == "plaintext"]

    assert f"{place} at byte 17 holds the gitlab refresh_token (raw)" in the_one(checks)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "config/agent-env/a.log",
        "config/claude-credentials/a",
        "config/tokens/claude-credentials/a",
        "state/architect-uploads/agents.db",
        "state/logs/architect-uploads/a.log",
        "state/backups/agent-env/a",
    ],
)
def test_what_is_not_ours_is_not_searched_and_that_is_said(home, path):
    place = home.state.parent / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(REVIEWER_TOKEN)

    result = home.call("doctor", "--deep", "--json")

    checks = json.loads(result.stdout)["checks"]
    said = next(check["detail"] for check in checks if check["name"] == "plaintext")
    assert f"not searched: {place.parent} (not ours to read)" in said
    assert {check["status"] for check in checks if check["name"] == "plaintext"} == {"ok"}


def test_links_are_not_followed_and_pipes_are_not_waited_for_and_both_are_named(home):
    elsewhere = home.state.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.log").write_text(REVIEWER_TOKEN)
    (home.state / "linked").symlink_to(elsewhere)
    (home.state / "linked.log").symlink_to(elsewhere / "a.log")
    (home.config / "linked.key").symlink_to(elsewhere / "a.log")
    os.mkfifo(home.state / "pipe.log")

    result = home.call("doctor", "--deep", "--json")

    said = json.loads(result.stdout)["checks"][-1]
    assert (result.exit_code, said["status"]) == (0, "ok")
    assert f"{home.config / 'linked.key'} (a link)" in said["detail"]
    for name, why in (("linked", "a link"), ("linked.log", "a link"), ("pipe.log", "no regular file")):
        assert f"{home.state / name} ({why})" in said["detail"]


def test_backups_behind_a_link_are_searched(home):
    elsewhere = home.state.parent / "other disk"
    (home.state / "backups").rename(elsewhere)
    (home.state / "backups").symlink_to(elsewhere)
    (elsewhere / "other.txt").write_text(REVIEWER_TOKEN)

    checks = [check for check in checks_of(home, "--deep", code=1) if check["name"] == "plaintext"]

    assert "state/backups/other.txt at byte 0" in the_one(checks)["detail"]


def test_a_file_that_is_too_large_is_named_as_not_searched_and_a_backup_never_is(home):
    sizes = {"huge.bin": LARGEST + 1, "large.bin": 3, "backups/agents.db.bak-20200101T000000Z": LARGEST + 1}
    for name, size in sizes.items():
        with (home.state / name).open("wb") as file:
            file.truncate(size)
        (home.state / name).chmod(0o600)
    haystacks = Haystacks(
        SearchedPlaces(
            database=home.database,
            state_dir=home.state,
            config_dir=home.config,
            backup_dir=home.state / "backups",
        )
    )

    found = {haystack.path.name for haystack in haystacks.find()}

    haystacks.close()
    assert haystacks.too_large == {str(home.state / "huge.bin"): LARGEST + 1}
    assert {"large.bin", "agents.db.bak-20200101T000000Z"} <= found


def test_what_is_too_large_is_a_warning(home):
    with (home.state / "huge.bin").open("wb") as file:
        file.truncate(LARGEST + 1)

    check = the_one(checks_of(home, "--deep", code=10))

    assert f"{home.state / 'huge.bin'} was not searched: with {LARGEST + 1:,} bytes it is too large" in check["detail"]


def test_more_files_than_a_process_may_open_are_searched(home):
    for number in range(300):
        (home.state / f"{number:03}.log").write_text("nothing")
    (home.state / "last.log").write_text(REVIEWER_TOKEN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        check = the_one(checks_of(home, "--deep", code=1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert "last.log at byte 0" in check["detail"]


def as_bytes(key):
    return base64.b64decode(key)


def in_groups(key):
    return b" ".join(key[at : at + 4] for at in range(0, len(key), 4))


WRITTEN = {
    "as text": bytes,
    "as bytes": as_bytes,
    "in hexadecimal": lambda key: as_bytes(key).hex().encode(),
    "as a kit": in_groups,
    "in UTF-16": lambda key: key.decode().encode("utf-16-le"),
    "text in hexadecimal": lambda key: key.hex().encode(),
    "text in base64": lambda key: base64.b64encode(key + b"\n"),
}


@pytest.mark.parametrize("path", ["config/master.key.bak", "config/new.key", "state/a.log"])
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_the_master_key_is_found_however_it_is_written_once_and_with_what_to_do(home, path, written):
    place = home.state.parent / path
    place.write_bytes(written(home.key_file.read_bytes().strip()))
    place.chmod(0o600)

    check = the_one(checks_of(home, "--deep", code=1))

    assert f"{place} at byte 0 holds the master key (" in check["detail"]
    assert "`strongroom keys change-master`" in check["advice"]


def test_the_key_file_and_the_staged_key_are_where_a_master_key_belongs(home):
    staged = home.config / "master.key.next"
    staged.write_bytes(home.key_file.read_bytes())
    staged.chmod(0o600)

    assert {check["name"] for check in checks_of(home, "--deep", code=10)} == {"leftovers"}


def test_the_file_that_a_setting_is_read_from_may_hold_it_and_nothing_else_may(home):
    place = home.config / "gitlab-client-secret"
    place.write_text("gls-SENTINEL-client\n")
    place.chmod(0o600)
    home.env["STRONGROOM_GITLAB_CLIENT_SECRET_FILE"] = str(place)
    assert checks_of(home, "--deep", code=0) == []

    (home.state / "a.log").write_text("gls-SENTINEL-client in a log")

    assert "a.log at byte 0 holds the setting gitlab_client_secret" in the_one(checks_of(home, "--deep"))["detail"]


def test_no_finding_shows_a_value(home):
    (home.state / "service.log").write_text(f"{REVIEWER_TOKEN} {REVIEWER_TOKEN.encode().hex()}")

    result = home.call("doctor", "--deep")

    assert "service.log at byte 0 holds" in result.stdout
    assert SENTINEL not in result.output


def test_an_old_version_is_looked_for_as_well(home):
    home.call("secrets", "set", NAME, stdin="tok-the-newest-of-all")
    (home.state / "service.log").write_text(REVIEWER_TOKEN)

    checks = [check for check in checks_of(home, "--deep") if check["name"] == "plaintext"]

    assert f"the secret {NAME}, version 1" in the_one(checks)["detail"]


def test_plaintext_on_a_free_page_and_in_the_log_of_the_database_is_found(home):
    connection = sqlite3.connect(home.database, isolation_level=None)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE notes (text)")
    connection.executemany("INSERT INTO notes VALUES (?)", [(f"{REVIEWER_TOKEN} {'.' * 3_000}",)] * 9)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("DROP TABLE notes")
    connection.execute("CREATE TABLE notes (text)")
    connection.execute("INSERT INTO notes VALUES (?)", (CODER_TOKEN,))
    try:
        checks = checks_of(home, "--deep", code=1)
    finally:
        connection.close()

    told = " ".join(check["detail"] for check in checks)
    assert f"{home.database} at byte" in told
    assert f"{home.database}-wal at byte" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="root reads everything, so another uid is taken")
def test_a_file_that_may_not_be_read_is_a_warning(home):
    for path in (Path(home.state.parent), *home.state.parent.rglob("*")):
        os.chown(path, 65_534, 65_534)
    secret_log = home.state / "other.log"
    secret_log.write_text("x")
    secret_log.chmod(0)
    os.chown(secret_log, 0, 0)
    for above in home.state.parent.parents:
        if str(above).startswith("/tmp/") and above.stat().st_uid == 0:
            above.chmod(0o755)
    os.seteuid(65_534)
    try:
        check = the_one(checks_of(home, "--deep", code=10))
    finally:
        os.seteuid(0)

    assert f"{secret_log} was not searched: Permission denied" in check["detail"]


def test_a_key_file_that_lies_elsewhere_is_left_out_and_what_lies_beside_it_is_searched(home):
    place = home.state.parent / "keys" / "own.key"
    place.parent.mkdir(mode=0o700)
    home.key_file.rename(place)
    (place.parent / "own.key.bak").write_bytes(place.read_bytes())
    home.env["STRONGROOM_MASTER_KEY_FILE"] = str(place)

    check = the_one(checks_of(home, "--deep", code=1))

    assert f"{place}.bak at byte 0 holds the master key" in check["detail"]


def test_where_tokens_are_mounted_is_not_searched(home):
    place = home.state / "run"
    place.mkdir(mode=0o700)
    (place / "token").write_text(REVIEWER_TOKEN)
    home.env["STRONGROOM_RUNTIME_DIR"] = str(place)

    (check,) = checks_of(home, "--deep", code=10)
    assert check["name"] == "token mounts"  # that it is on a disk is told, and nothing of what is in it
