"""`strongroom secrets` and `strongroom agents`."""

import pytest

from tests.integration.cli.homes import REVIEWER_TOKEN

NAME = "agent_token:reviewer"


def test_get_prints_the_bare_value(moved_home):
    result = moved_home.call("secrets", "get", NAME)

    assert (result.exit_code, result.stdout, result.stderr) == (0, REVIEWER_TOKEN, "")


def test_get_as_json_names_the_version(moved_home):
    assert moved_home.ask("secrets", "get", NAME) == {"name": NAME, "value": REVIEWER_TOKEN, "version": 1}


@pytest.mark.parametrize(
    "args", [("get", NAME), ("delete", NAME, "--confirm", NAME), ("get", "Not A Name")], ids=" ".join
)
def test_a_secret_that_is_not_there_ends_with_5(home, args):
    code, error = home.error("secrets", *args)

    assert (code, error["code"]) == (5, "not_found")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("line\n", "line"), ("line\r\n", "line"), ("two\n\n", "two\n"), ("bare", "bare"), ("", ""), (" \t", " \t")],
)
def test_one_line_end_after_the_value_is_no_part_of_it(home, typed, stored):
    written = home.ask("secrets", "set", "plain", stdin=typed)

    assert written == {"name": "plain", "version": 1}
    assert home.ask("secrets", "get", "plain")["value"] == stored


def test_a_value_comes_from_a_file(home, tmp_path):
    (tmp_path / "value").write_bytes(b"from a file\n")

    home.ask("secrets", "set", "plain", "--from-file", str(tmp_path / "value"))

    assert home.ask("secrets", "get", "plain")["value"] == "from a file"


def test_a_file_that_is_not_there_is_a_usage_error(home, tmp_path):
    code, error = home.error("secrets", "set", "plain", "--from-file", str(tmp_path / "none"))

    assert (code, error["code"]) == (2, "invalid")


@pytest.mark.parametrize(
    ("name", "value"),
    [(NAME, b""), (NAME, b"two words"), ("plain", b"\xff"), ("plain", b"x" * 65_537), ("plain", b"\0"), ("A", b"x")],
    ids=["empty token", "token of two words", "not UTF-8", "too long", "NUL", "no name"],
)
def test_a_value_that_cannot_be_stored_ends_with_2(home, name, value):
    code, error = home.error("secrets", "set", name, stdin=value)

    assert (code, error["code"]) == (2, "invalid")


def test_the_longest_value_may_end_with_a_line_end(home):
    home.ask("secrets", "set", "plain", stdin="x" * 65_536 + "\r\n")

    assert len(home.ask("secrets", "get", "plain")["value"]) == 65_536


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_a_value_on_the_command_line_is_refused_and_not_repeated(home, flag):
    result = home.call("secrets", "set", "plain", "hunter2", *flag)

    assert result.exit_code == 2
    assert "standard input" in result.output
    assert "hunter2" not in result.output


def test_a_lost_compare_ends_with_6(moved_home):
    code, error = moved_home.error("secrets", "set", NAME, "--if-version", "7", stdin="tok-new")

    assert (code, error["code"]) == (6, "version_conflict")
    assert moved_home.ask("secrets", "get", NAME)["value"] == REVIEWER_TOKEN


def test_the_list_shows_everything_but_values(moved_home):
    secrets = moved_home.ask("secrets", "list")

    assert [secret["name"] for secret in secrets] == ["agent_token:coder", NAME, "penpot_api_token"]
    assert all(set(s) == {"name", "version", "created_at", "updated_at", "key_id"} for s in secrets)


@pytest.mark.parametrize("confirm", [(), ("--confirm", "another")])
def test_deleting_needs_the_name_once_more(moved_home, confirm):
    code, error = moved_home.error("secrets", "delete", NAME, *confirm)

    assert code == 2
    assert error["advice"] == f"add --confirm {NAME}"
    assert moved_home.ask("secrets", "get", NAME)["version"] == 1


def test_a_deleted_secret_is_gone(moved_home):
    moved_home.ask("secrets", "delete", NAME, "--confirm", NAME)

    assert moved_home.call("secrets", "get", NAME).exit_code == 5


def test_an_agent_gets_a_new_token(moved_home):
    rotated = moved_home.ask("agents", "rotate-token", "reviewer", "--if-version", "1", stdin="tok-new\n")

    assert rotated == {"name": NAME, "version": 2}
    assert moved_home.ask("secrets", "get", NAME)["value"] == "tok-new"
    assert [(a["name"], a["version"]) for a in moved_home.ask("agents", "list")] == [("coder", 1), ("reviewer", 2)]


def test_a_lost_rotation_ends_with_6(moved_home):
    code, error = moved_home.error("agents", "rotate-token", "reviewer", "--if-version", "0", stdin="tok-new\n")

    assert (code, error["code"]) == (6, "version_conflict")


def test_verifying_a_token_is_not_there_yet(moved_home):
    code, error = moved_home.error("agents", "rotate-token", "reviewer", "--verify", stdin="tok-new\n")

    assert code == 2
    assert "not available" in error["message"]
