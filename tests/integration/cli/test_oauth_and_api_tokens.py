"""`strongroom oauth` and `strongroom api-tokens`."""

import pytest

NOT_CONNECTED = {
    "forge": "github",
    "status": "not_connected",
    "reason": None,
    "account": None,
    "scopes": None,
    "expires_at": None,
    "last_refresh_at": None,
    "last_error": None,
    "version": None,
    "since": None,
    "base_url": None,
    "connected_at": None,
    "last_error_at": None,
    "refreshable": None,
}


def test_a_connected_forge_is_shown_without_its_token(moved_home):
    assert moved_home.ask("oauth", "show", "gitlab") == {
        **NOT_CONNECTED,
        "forge": "gitlab",
        "status": "connected",
        "scopes": ["api", "read_user"],
        "expires_at": 1_790_007_200_000,
        "version": 1,
        "refreshable": False,  # no OAuth client is configured
    }


def test_a_forge_that_is_not_connected_is_no_failure(home):
    assert home.ask("oauth", "show", "github") == NOT_CONNECTED
    assert "not_connected" in home.call("oauth", "show", "github").stdout


def test_what_is_no_forge_ends_with_2(home):
    assert home.error("oauth", "show", "sourcehut")[0] == 2


def test_every_forge_is_listed(moved_home):
    listed = moved_home.ask("oauth", "list")

    assert [(d["forge"], d["status"]) for d in listed] == [
        ("forgejo", "not_connected"),
        ("github", "not_connected"),
        ("gitlab", "connected"),
    ]


def test_disconnecting_needs_the_name_and_happens_once(moved_home):
    assert moved_home.error("oauth", "disconnect", "gitlab")[0] == 2

    moved_home.ask("oauth", "disconnect", "gitlab", "--confirm", "gitlab")

    assert moved_home.ask("oauth", "show", "gitlab")["status"] == "not_connected"
    assert moved_home.error("oauth", "disconnect", "gitlab", "--confirm", "gitlab")[0] == 5


def test_a_token_is_made_listed_and_revoked(home):
    made = home.ask("api-tokens", "create", "--name", "ci", "--grant", "read:/sessions/*", "--grant", "admin")
    assert set(made) == {"id", "token", "name", "grants", "expires_at"}
    assert made["grants"] == ["read:/sessions/*", "write:/*"]
    assert made["expires_at"] is None

    (listed,) = home.ask("api-tokens", "list")
    home.ask("api-tokens", "revoke", made["id"])

    assert made["token"].startswith(listed["prefix"])
    assert set(listed) == {
        "id", "name", "prefix", "grants", "created_at", "expires_at", "last_used_at", "revoked_at"
    }  # fmt: skip
    assert home.ask("api-tokens", "list")[0]["revoked_at"] is not None
    assert " revoked " in home.call("api-tokens", "list").stdout


def test_a_token_alone_is_on_standard_output(home):
    result = home.call("api-tokens", "create", "--name", "ci", "--grant", "admin", "--expires", "90d")

    assert result.stdout.startswith("srt_")
    assert len(result.stdout.splitlines()) == 1
    assert "not shown again" in result.stderr
    assert "expires 20" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("--name", "ci"),
        ("--name", "ci", "--grant", "everything"),
        ("--name", "ci", "--grant", "admin", "--expires", "soon"),
        ("--name", "ci", "--grant", "admin", "--expires", "999999999d"),
        ("--name", " ", "--grant", "admin"),
    ],
    ids=" ".join,
)
def test_a_token_that_cannot_be_made_ends_with_2(home, args):
    assert home.error("api-tokens", "create", *args)[0] == 2


def test_an_unknown_id_ends_with_5(home):
    assert home.error("api-tokens", "revoke", "0123")[0] == 5
