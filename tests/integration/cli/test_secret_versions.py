"""`strongroom secrets`: history, rollback, destroy, undelete, expiry, and the way on with damaged values."""

import json
import sqlite3

import pytest

from domain.instants import DAY_MS

NAME = "penpot_api_token"


@pytest.fixture
def three(home):
    """A home with three versions of one secret."""
    for number in (1, 2, 3):
        home.ask("secrets", "set", NAME, stdin=f"tok-{number}")
    return home


def sql(home, statement, *parameters):
    connection = sqlite3.connect(home.database, isolation_level=None)
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


def versions(home, name=NAME):
    return [version["version"] for version in home.ask("secrets", "history", name)]


def actions(home):
    return [action for (action,) in sql(home, "SELECT action FROM audit_event ORDER BY sequence")]


def test_the_history_names_each_version_and_shows_no_value(three):
    result = three.call("secrets", "history", NAME)
    newest, *_, oldest = three.ask("secrets", "history", NAME)

    assert (newest["version"], newest["current"], oldest["version"], oldest["current"]) == (3, True, 1, False)
    assert "current" in result.stdout
    assert "tok-" not in result.stdout


def test_an_older_version_is_printed(three):
    assert three.call("secrets", "get", NAME, "--version", "2").stdout == "tok-2"
    assert three.ask("secrets", "get", NAME, "--version", "1") == {"name": NAME, "value": "tok-1", "version": 1}


@pytest.mark.parametrize("args", [("history", "never"), ("get", NAME, "--version", "9"), ("rollback", NAME, "9")])
def test_what_never_was_ends_with_5(three, args):
    code, error = three.error("secrets", *args)

    assert (code, error["code"]) == (5, "not_found")


def test_a_rollback_is_a_new_version(three):
    assert three.ask("secrets", "rollback", NAME, "1") == {"name": NAME, "version": 4}
    assert three.ask("secrets", "get", NAME)["value"] == "tok-1"
    assert versions(three) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("args", "exit_code"), [(("1", "--if-version", "2"), 6), (("3",), 6), (("x",), 2), (("0",), 2)]
)
def test_a_rollback_that_does_not_fit_changes_nothing(three, args, exit_code):
    code, _ = three.error("secrets", "rollback", NAME, *args)

    assert code == exit_code
    assert versions(three) == [3, 2, 1]


def test_a_destroyed_version_is_gone_from_the_files(three):
    ((blob,),) = sql(three, "SELECT sealed FROM secret_version WHERE version = 2")

    answer = three.ask("secrets", "destroy", NAME, "2", "--confirm", NAME)

    assert answer == {"name": NAME, "version": 2, "destroyed": True}
    assert not any(blob[20:] in path.read_bytes() for path in three.state.rglob("*") if path.is_file())
    assert three.ask("secrets", "history", NAME)[1]["destroyed_at"] is not None
    assert three.error("secrets", "get", NAME, "--version", "2")[0] == 5
    assert three.error("secrets", "rollback", NAME, "2")[0] == 5


@pytest.mark.parametrize(("version", "confirm", "exit_code"), [("2", "another", 2), ("3", NAME, 6), ("9", NAME, 5)])
def test_destroying_is_refused_where_it_should_not_be(three, version, confirm, exit_code):
    code, _ = three.error("secrets", "destroy", NAME, version, "--confirm", confirm)

    assert code == exit_code
    assert all(known["destroyed_at"] is None for known in three.ask("secrets", "history", NAME))


def test_a_deleted_secret_is_listed_as_such_and_brought_back(three):
    three.ask("secrets", "delete", NAME, "--confirm", NAME)
    assert three.ask("secrets", "list") == []
    assert [(each["name"], each["version"]) for each in three.ask("secrets", "list", "--deleted")] == [(NAME, 3)]

    assert three.ask("secrets", "undelete", NAME) == {"name": NAME, "version": 3}

    assert three.ask("secrets", "get", NAME)["value"] == "tok-3"
    assert three.error("secrets", "undelete", NAME)[0] == 5


def test_a_delete_compares_the_version(three):
    code, error = three.error("secrets", "delete", NAME, "--confirm", NAME, "--if-version", "2")

    assert (code, error["code"]) == (6, "version_conflict")
    assert three.ask("secrets", "get", NAME)["version"] == 3


def test_each_act_leaves_its_event(three):
    three.ask("secrets", "rollback", NAME, "1")
    three.ask("secrets", "destroy", NAME, "2", "--confirm", NAME)
    three.ask("secrets", "delete", NAME, "--confirm", NAME)
    three.ask("secrets", "undelete", NAME)
    three.ask("secrets", "get", NAME, "--version", "1")

    assert actions(three) == [
        *["secret.write"] * 3,
        "secret.rollback",
        "secret.destroy",
        "secret.delete",
        "secret.undelete",
        "secret.read",
    ]


def test_a_secret_that_is_to_expire_says_so_everywhere(home):
    home.ask("secrets", "set", "mayfly", "--expires", "2d", stdin="x")
    home.ask("secrets", "set", "later", "--expires", "90d", stdin="x")

    listed = {secret["name"]: secret["expires_at"] for secret in home.ask("secrets", "list")}
    status = home.ask("status")

    assert listed["later"] - listed["mayfly"] == pytest.approx(88 * DAY_MS, abs=60_000)
    assert "expires" in home.call("secrets", "list").stdout
    assert status["expiring_secrets"] == [{"name": "mayfly", "expires_at": listed["mayfly"], "expired": False}]
    assert "the secret mayfly expires" in home.call("status").stdout


def test_an_expired_secret_is_not_given_and_still_listed(home):
    home.ask("secrets", "set", "mayfly", "--expires", "90d", stdin="x")
    sql(home, "UPDATE secret SET expires_at = 1700000000000")

    code, error = home.error("secrets", "get", "mayfly")

    assert (code, error["code"]) == (5, "not_found")
    assert "expired" in error["message"]
    assert "expired" in home.call("secrets", "list").stdout
    assert home.ask("status")["expiring_secrets"][0]["expired"] is True


def test_an_expired_secret_is_not_given_by_any_other_way(home):
    home.ask("secrets", "set", "mayfly", "--expires", "90d", stdin="x")
    sql(home, "UPDATE secret SET expires_at = 1700000000000")

    rolled_back = home.error("secrets", "rollback", "mayfly", "1")
    home.ask("secrets", "delete", "mayfly", "--confirm", "mayfly")
    read = home.error("secrets", "get", "mayfly", "--version", "1")
    revived = home.error("secrets", "rollback", "mayfly", "1")
    home.ask("secrets", "undelete", "mayfly")

    assert [code for code, _ in (rolled_back, read, revived)] == [6, 5, 6]
    assert all("expired" in error["message"] for _, error in (rolled_back, read, revived))
    assert home.error("secrets", "get", "mayfly")[0] == 5
    assert versions(home, "mayfly") == [1]


def test_who_read_a_value_last_is_said_with_the_secret_and_with_its_history(three):
    assert "not in the log" in three.call("secrets", "list").stdout
    three.call("secrets", "get", NAME, "--version", "1")
    ((at, actor),) = sql(three, "SELECT at, actor FROM audit_event WHERE action = 'secret.read'")

    (listed,) = three.ask("secrets", "list")
    history = three.ask("secrets", "history", NAME)

    assert (listed["last_read_at"], listed["last_read_by"]) == (at, actor)
    assert {(version["last_read_at"], version["last_read_by"]) for version in history} == {(at, actor)}
    assert f"by {actor}" in three.call("secrets", "list").stdout
    assert three.call("secrets", "history", NAME).stdout.splitlines()[-1].endswith(f"by {actor}")


def test_a_row_that_was_put_back_hands_out_nothing_old(three):
    sql(three, "UPDATE secret SET version = 1")

    code, error = three.error("secrets", "get", NAME)
    (flagged,) = three.ask("secrets", "list", "--check")

    assert (code, error["code"]) == (8, "integrity")
    assert NAME in error["message"]
    assert (flagged["version"], flagged["damaged"], flagged["cause"]) == (3, True, "tampered")
    assert three.error("keys", "verify")[0] == 8
    assert three.ask("secrets", "set", NAME, stdin="tok-4") == {"name": NAME, "version": 4}
    assert three.ask("secrets", "get", NAME)["value"] == "tok-4"


def test_another_name_than_that_of_what_is_to_be_destroyed_is_told_clearly(three):
    _, error = three.error("secrets", "destroy", NAME, "2", "--confirm", "another")

    assert error["message"] == f"to delete version 2 of the secret {NAME}, confirm with {NAME}: another name was given"
    assert error["advice"] == f"add --confirm {NAME}"


@pytest.mark.parametrize("expires", ["soon", "90", "-1d", "0d", "99999d"])
def test_what_is_no_life_time_ends_with_2(home, expires):
    code, _ = home.error("secrets", "set", "mayfly", "--expires", expires, stdin="x")

    assert code == 2
    assert home.ask("secrets", "list") == []


def test_damaged_values_are_flagged_and_can_be_forgotten_after_a_backup(three):
    three.ask("secrets", "set", "fine", stdin="x")
    three.ask("secrets", "set", "deleted", stdin="x")
    three.ask("secrets", "delete", "deleted", "--confirm", "deleted")
    sql(three, "UPDATE secret_version SET sealed = x'00' WHERE version IN (2, 3)")
    sql(
        three,
        "UPDATE secret_version SET sealed = x'00' WHERE secret_id = (SELECT id FROM secret WHERE name = 'deleted')",
    )

    flagged = {secret["name"]: secret["damaged"] for secret in three.ask("secrets", "list", "--check")}
    forgotten = three.ask("secrets", "forget-damaged", "--confirm", "damaged")

    assert flagged == {"fine": False, NAME: True}
    assert [(f["name"], f["version"]) for f in forgotten["forgotten"]] == [("deleted", 1), (NAME, 3), (NAME, 2)]
    assert (three.state / "backups" / forgotten["backup"]).is_file()
    assert [secret["name"] for secret in three.ask("secrets", "list")] == ["fine"]
    assert three.ask("secrets", "rollback", NAME, "1")["version"] == 4
    assert three.ask("secrets", "get", NAME)["value"] == "tok-1"
    assert "secret.destroy" in actions(three)
    assert "backup.create" in actions(three)


def test_a_backup_of_damaged_values_is_not_called_verified(three):
    sql(three, "UPDATE secret_version SET sealed = x'00' WHERE version = 3")

    three.ask("secrets", "forget-damaged", "--confirm", "damaged")

    assert three.ask("status")["backup"]["verified"] is False


def test_where_nothing_is_damaged_nothing_is_forgotten_and_no_backup_made(three):
    forgotten = three.ask("secrets", "forget-damaged", "--confirm", "damaged")

    assert forgotten == {"backup": None, "forgotten": [], "damaged": []}
    assert not (three.state / "backups").exists()
    assert versions(three) == [3, 2, 1]


def test_what_is_damaged_elsewhere_is_named_with_its_way_on_and_ends_with_8(moved_home):
    sql(moved_home, "UPDATE operator_oauth_tokens SET sealed_refresh_token = sealed_access_token")
    sql(
        moved_home,
        "UPDATE legacy_archive_chunk SET sealed = x'0102'"
        " WHERE archive_id = (SELECT id FROM legacy_archive WHERE path = 'penpot-token')",
    )

    result = moved_home.call("secrets", "forget-damaged", "--confirm", "damaged")
    document = json.loads(moved_home.call("secrets", "forget-damaged", "--confirm", "damaged", "--json").stdout)

    assert result.exit_code == 8
    assert result.stdout == "there is nothing to forget, but something else is damaged\n"
    assert "`strongroom oauth disconnect gitlab`" in result.stderr
    assert "the archived file penpot-token" in result.stderr
    assert "it leaves with the archive after archive_ttl_days" in result.stderr
    assert (document["backup"], document["forgotten"]) == (None, [])
    assert {damage["table"] for damage in document["damaged"]} == {"operator_oauth_tokens", "legacy_archive_chunk"}


def test_secrets_are_forgotten_though_more_is_damaged_elsewhere(moved_home):
    sql(moved_home, "UPDATE operator_oauth_tokens SET sealed_refresh_token = sealed_access_token")
    sql(moved_home, "UPDATE secret_version SET sealed = x'00'")

    result = moved_home.call("secrets", "forget-damaged", "--confirm", "damaged", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 8
    assert len(document["forgotten"]) == 3
    assert [damage["table"] for damage in document["damaged"]] == ["operator_oauth_tokens"]
    assert moved_home.ask("secrets", "list") == []


def test_the_way_on_that_is_named_for_a_token_is_one(moved_home):
    sql(moved_home, "UPDATE operator_oauth_tokens SET sealed_refresh_token = sealed_access_token")

    moved_home.ask("oauth", "disconnect", "gitlab", "--confirm", "gitlab")

    assert moved_home.ask("secrets", "forget-damaged", "--confirm", "damaged")["damaged"] == []


def test_forgetting_needs_a_word(three):
    assert three.error("secrets", "forget-damaged")[0] == 2


def test_a_drill_ticks_off_what_is_replaced(moved_home):
    begun = moved_home.ask("secrets", "drill", "--begin")
    moved_home.ask("agents", "rotate-token", "reviewer", stdin="tok-new")

    report = moved_home.ask("secrets", "drill")
    screen = moved_home.call("secrets", "drill").stdout

    ticked = {credential["name"]: credential["replaced"] for credential in report["credentials"]}
    assert (begun["left"], report["left"]) == (4, 3)
    assert ticked == {"agent_token:coder": False, "agent_token:reviewer": True, NAME: False, "gitlab": False}
    assert report["loss"]["agents"] == ["coder", "reviewer"]
    assert "[x]  agent_token:reviewer" in screen
    assert "https://gitlab.com/-/user_settings/applications" in screen
    assert "it would stop coder, reviewer" in screen
    assert "SENTINEL" not in screen


def test_a_drill_marks_what_was_deleted_and_knows_when_a_token_was_written(moved_home):
    moved_home.ask("secrets", "delete", NAME, "--confirm", NAME)

    report = moved_home.ask("secrets", "drill")
    screen = moved_home.call("secrets", "drill").stdout

    assert [c["name"] for c in report["credentials"] if c["deleted"]] == [NAME]
    assert all(credential["written_at"] for credential in report["credentials"])
    assert f"{NAME} (deleted)" in screen
    assert "not known" not in screen


def test_a_drill_has_one_beginning_and_one_end(moved_home):
    assert moved_home.error("secrets", "drill", "--end")[0] == 6
    moved_home.ask("secrets", "drill", "--begin")
    assert moved_home.error("secrets", "drill", "--begin")[0] == 6
    assert moved_home.error("secrets", "drill", "--begin", "--end")[0] == 2

    assert moved_home.ask("secrets", "drill", "--end")["begun_at"] is not None
    assert moved_home.ask("secrets", "drill")["begun_at"] is None
