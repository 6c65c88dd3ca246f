"""No command but those that are asked for a secret ever prints one, whatever becomes of it."""

import pytest

from tests.integration.cli.homes import KEY, SENTINEL, Home

QUIET = [
    ("migrate",),
    ("migrate", "--dry-run"),
    ("status",),
    ("sessions", "list"),
    ("sessions", "get", KEY),
    ("secrets", "list"),
    ("secrets", "get", "nothing"),
    ("secrets", "delete", "penpot_api_token"),
    ("agents", "list"),
    ("oauth", "list"),
    ("oauth", "show", "gitlab"),
    ("oauth", "disconnect", "gitlab"),
    ("legacy", "archive"),
    ("config", "show"),
]


@pytest.fixture
def troubled_home(moved_home):
    """Old files that conflict, are malformed and lie about, beside what was moved."""
    moved_home.put("tokens/reviewer", "tok-SENTINEL-another")
    moved_home.put("tokens/spaced", "tok-SENTINEL with a space")
    moved_home.put("tokens/reviewer~", "tok-SENTINEL-backup")
    moved_home.put("gitlab-oauth-token.json", '{"access_token": "SENTINEL", "access_token": "SENTINEL"}')
    moved_home.put("sessions.json", '{"bad": {"id": "x", "access_token": "SENTINEL"}, "torn": "SENTINEL')
    return moved_home


def test_no_output_holds_a_secret(troubled_home):
    shown = {args: troubled_home.call(*args, *flag).output for args in QUIET for flag in ((), ("--json",))}

    assert [args for args, output in shown.items() if SENTINEL in output] == []


def test_no_output_holds_a_secret_when_debugging(troubled_home):
    done = troubled_home.run("migrate", "--progress", "json", env={"STRONGROOM_LOG_LEVEL": "debug"})

    assert done.returncode == 3
    assert SENTINEL.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        (("secrets", "set", "agent_token:reviewer"), "tok SENTINEL"),
        (("secrets", "set", "plain", "--if-version", "9"), "SENTINEL"),
        (("secrets", "set", "plain"), "SENTINEL"),
        (("agents", "rotate-token", "reviewer"), "SENTINEL\nSENTINEL"),
        (("agents", "rotate-token", "reviewer"), "SENTINEL"),
        (("secrets", "set", "plain", "SENTINEL"), ""),
        (("secrets", "set", "plain", "--value=SENTINEL"), ""),
        (("config", "set", "master_key", "SENTINEL"), ""),
    ],
    ids=ascii,
)
def test_a_secret_that_is_given_is_not_given_back(home: Home, args, stdin):
    result = home.call(*args, stdin=stdin)

    assert SENTINEL not in result.output


def test_files_of_the_new_version_hold_no_secret_in_the_clear(moved_home):
    files = [content for content in moved_home.everything().values() if content]

    assert len(files) > 2
    assert not any(SENTINEL.encode() in content for content in files)
