"""`strongroom status`, `config` and `version`."""

import contextlib
import platform
import sqlite3

import pytest

from app.version import __version__


def test_a_new_machine_has_a_status(home):
    status = home.ask("status")

    assert status["rows"] == {"sessions": 0, "secrets": 0, "oauth_tokens": 0, "archived_files": 0}
    assert status["backup"] is None
    assert status["migrations"] == []
    assert "none has run yet" in home.call("status").stdout


def test_the_status_tells_what_was_moved_and_what_waits(moved_home):
    moved_home.put("tokens/late", "two words")
    moved_home.call("migrate")

    status, text = moved_home.ask("status"), moved_home.call("status").stdout

    assert status["rows"] == {"sessions": 2, "secrets": 3, "oauth_tokens": 1, "archived_files": 5}
    assert status["key"]["source"] == f"file {moved_home.key_file}"
    assert status["backup"]["verified"] is True
    assert [(m["imported"], m["records"]) for m in status["migrations"]] == [(1, 1), (1, 2), (3, 3)]
    assert [(a["file"], a["outcome"]) for a in status["migrations"][2]["attention"]] == [("tokens/late", "rejected")]
    assert "rejected: tokens/late: white space" in text
    assert status["key"]["fingerprint"] in text


def test_a_token_that_expired_is_named(moved_home):
    (token,) = moved_home.ask("status")["expiring_tokens"]

    assert token == {"forge": "gitlab", "expires_at": 1_790_007_200_000, "expired": True}


def test_every_setting_is_shown_with_its_origin(home):
    shown = {s["name"]: s for s in home.ask("config", "show")}

    assert shown["state_dir"]["origin"] == "environment"
    assert shown["port"] == {**shown["port"], "variable": "STRONGROOM_PORT", "value": 8787, "origin": "default"}
    assert not home.state.exists()


def test_a_flag_beats_the_environment(home, tmp_path):
    result = home.call("--state-dir", str(tmp_path / "other"), "config", "show")

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("STRONGROOM_STATE_DIR ")]
    assert line.split()[1] == str(tmp_path / "other")
    assert "  flag\n" in result.stdout


def test_secrets_and_passwords_are_masked(home):
    env = {
        "STRONGROOM_MASTER_KEY": "hunter2",
        "STRONGROOM_ALLOW_ENV_SECRETS": "1",
        "STRONGROOM_DATABASE_URL": "postgresql+psycopg://me:hunter2@host/db",
    }

    result = home.call("config", "show", env=env)

    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert "postgresql+psycopg://me:********@host/db" in result.stdout


def test_a_stored_setting_shows_and_is_forgotten(home):
    home.ask("config", "set", "STRONGROOM_SESSION_TTL_DAYS", "60")
    stored = {s["name"]: (s["value"], s["origin"]) for s in home.ask("config", "show")}
    home.ask("config", "unset", "session_ttl_days")

    assert stored["session_ttl_days"] == (60, "settings table")
    assert home.error("config", "unset", "session_ttl_days")[0] == 5


def test_a_setting_from_outside_wins_and_that_is_said(home):
    result = home.call("config", "set", "session_ttl_days", "60", env={"STRONGROOM_SESSION_TTL_DAYS": "7"})

    assert result.exit_code == 0
    assert "that wins" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sesion_ttl_days", "60", "did you mean session_ttl_days?"),
        ("session_ttl_days", "never", "not a whole number"),
        ("public_url", "javascript:alert(1)", "not an address"),
        ("backup_keep", "nonsense", "not a retention"),
        ("gitlab_client_secret", "hunter2", "secrets set gitlab_client_secret"),
        ("master_key", "hunter2", "STRONGROOM_MASTER_KEY_FILE"),
        ("state_dir", "/elsewhere", "not kept in the database"),
    ],
)
def test_a_setting_that_cannot_be_stored_ends_with_2(home, name, value, said):
    result = home.call("config", "set", name, value)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "hunter2" not in result.output


def test_a_stored_setting_that_cannot_be_used_is_said_and_can_be_forgotten(home):
    home.call("config", "set", "session_ttl_days", "60")
    with contextlib.closing(sqlite3.connect(home.database)) as db, db:
        db.execute("UPDATE setting SET value = 'never'")

    shown = {s["name"]: (s["value"], s["origin"]) for s in home.ask("config", "show")}
    home.ask("config", "unset", "session_ttl_days")

    assert shown["session_ttl_days"] == (30, "default; the settings table holds a value that cannot be used")
    assert {s["name"]: s["origin"] for s in home.ask("config", "show")}["session_ttl_days"] == "default"


def test_a_value_is_mended_without_a_word_of_the_outside(home):
    home.call("config", "set", "session_ttl_days", "60")
    with contextlib.closing(sqlite3.connect(home.database)) as db, db:
        db.execute("UPDATE setting SET value = 'never'")

    result = home.call("config", "set", "session_ttl_days", "7")

    assert (result.exit_code, result.stderr) == (0, "")


def test_no_control_character_gets_to_the_terminal(home, tmp_path):
    file = tmp_path / "port\x1b[31m"
    file.write_text("99")

    result = home.call("config", "show", env={"STRONGROOM_HOST": "\x1b[31mred", "STRONGROOM_PORT_FILE": str(file)})

    assert "\x1b" not in result.stdout
    assert r"\x1b[31mred" in result.stdout
    assert r"port\x1b[31m" in result.stdout


def test_settings_are_shown_even_under_a_wrong_key(moved_home):
    moved_home.key_file.unlink()

    result = moved_home.call("config", "show")

    assert result.exit_code == 0
    assert "master key is missing" in result.stderr


def test_the_version_opens_nothing(home):
    assert home.ask("version") == {
        "version": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    assert not home.state.exists()
