"""`strongroom secrets` and `strongroom agents`."""

import pytest

from tests.integration.cli.homes import REVIEWER_TOKEN
from tests.support.forge_server import a_forge_server, says

NAME = "agent_token:reviewer"
SHOWN = {"name", "version", "created_at", "updated_at", "key_id", "expires_at", "last_read_at", "last_read_by"}


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
    assert all(set(s) == SHOWN for s in secrets)


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


@pytest.fixture
def forge():
    with a_forge_server() as forge:
        yield forge


def asking(home, forge):
    """A home whose settings name the server as Forgejo and as Penpot."""
    home.env |= {"STRONGROOM_FORGEJO_URL": forge.url, "STRONGROOM_PENPOT_URL": forge.url}
    return home


def test_a_token_that_forgejo_knows_is_stored_and_its_owner_named(moved_home, forge):
    forge.play_forgejo({"tok-new": "reviewer"})

    rotated = asking(moved_home, forge).ask("agents", "rotate-token", "reviewer", "--verify", stdin="tok-new\n")

    assert rotated == {"name": NAME, "version": 2, "owner": "reviewer"}
    assert moved_home.ask("secrets", "get", NAME)["value"] == "tok-new"


def test_an_owner_of_another_name_is_pointed_out(moved_home, forge):
    forge.play_forgejo({"tok-new": "somebody"})

    result = asking(moved_home, forge).call("agents", "rotate-token", "reviewer", "--verify", stdin="tok-new\n")

    assert result.exit_code == 0
    assert "belongs to somebody" in result.stderr


def test_a_token_that_forgejo_refuses_is_not_stored(moved_home, forge):
    forge.play_forgejo({})

    code, error = asking(moved_home, forge).error("agents", "rotate-token", "reviewer", "--verify", stdin="tok-bad\n")

    assert (code, error["code"]) == (4, "credential_refused")
    assert "tok-bad" not in str(error)
    assert moved_home.ask("secrets", "get", NAME) == {"name": NAME, "value": REVIEWER_TOKEN, "version": 1}


def test_penpots_token_is_asked_about_at_penpot(moved_home, forge):
    forge.play_penpot({"tok-new": "design@example.org"})
    home = asking(moved_home, forge)

    stored = home.ask("secrets", "set", "penpot_api_token", "--verify", stdin="tok-new")
    code, error = home.error("secrets", "set", "penpot_api_token", "--verify", stdin="tok-bad")

    assert stored == {"name": "penpot_api_token", "version": 2, "owner": "design@example.org"}
    assert (code, error["code"]) == (4, "credential_refused")
    assert home.ask("secrets", "get", "penpot_api_token")["value"] == "tok-new"


def test_a_forge_that_is_down_ends_with_9_and_one_that_is_not_configured_with_2(moved_home, forge):
    forge.answer = says(502, {})
    rotate = ("agents", "rotate-token", "reviewer", "--verify")

    not_configured, _ = moved_home.error(*rotate, stdin="tok-new\n")
    down, error = asking(moved_home, forge).error(*rotate, stdin="tok-new\n")

    assert (not_configured, down, error["code"]) == (2, 9, "unreachable")
    assert moved_home.ask("secrets", "get", NAME)["version"] == 1
