"""Where each setting comes from, which wins, and what is refused without showing it."""

from pathlib import Path

import pytest

from app.setting_sources import load_settings
from app.settings import SPECS
from domain.backups import Retention

HOME = {"HOME": "/home/someone"}
SECRET = "s3cr3t-value-Zx81"


def load(environ=None, **flags):
    return load_settings(HOME | (environ or {}), flags)


@pytest.fixture
def credentials(tmp_path):
    directory = tmp_path / "credentials"
    directory.mkdir()
    return directory


def test_the_defaults_are_those_of_the_contract():
    settings = load()

    assert settings.state_dir == Path("/home/someone/.local/state/claude-hooks")
    assert settings.config_dir == Path("/home/someone/.config/claude-hooks")
    assert settings.runtime_dir == Path("/run/claude-hooks")
    assert settings.database_url == "sqlite:////home/someone/.local/state/claude-hooks/agents.db"
    assert settings.sqlite_path == Path("/home/someone/.local/state/claude-hooks/agents.db")
    assert settings.backup_dir == Path("/home/someone/.local/state/claude-hooks/backups")
    assert settings.master_key_file == Path("/home/someone/.config/claude-hooks/master.key")
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8787, "http://127.0.0.1:8787")
    assert (settings.session_ttl_days, settings.backup_interval_hours) == (30, 24)
    assert settings.backup_keep == Retention(last=5, daily=7, weekly=4, monthly=6)
    assert (settings.gitlab_url, settings.penpot_url) == ("https://gitlab.com", "https://design.penpot.app")
    assert (settings.log_level, settings.log_format, settings.socket, settings.master_key) == ("info", None, None, None)
    assert settings.archive_ttl_days == 30


def test_what_is_not_set_says_so():
    assert set(load().origins.values()) == {"default"}
    assert set(load().origins) == set(SPECS)


def test_derived_settings_follow_what_they_derive_from():
    settings = load({"STRONGROOM_STATE_DIR": "/srv/state", "STRONGROOM_CONFIG_DIR": "/srv/config"}, port="9000")

    assert settings.sqlite_path == Path("/srv/state/agents.db")
    assert settings.backup_dir == Path("/srv/state/backups")
    assert settings.master_key_file == Path("/srv/config/master.key")
    assert settings.public_url == "http://127.0.0.1:9000"


def test_the_xdg_directories_are_used():
    settings = load({"XDG_STATE_HOME": "/x/state", "XDG_CONFIG_HOME": "/x/config", "XDG_RUNTIME_DIR": "/x/run"})

    assert (settings.state_dir, settings.config_dir, settings.runtime_dir) == (
        Path("/x/state/claude-hooks"),
        Path("/x/config/claude-hooks"),
        Path("/x/run/claude-hooks"),
    )


@pytest.mark.parametrize("relative", ["state", "./state", "../state", "~", ""])
def test_a_relative_xdg_directory_is_ignored(relative):
    settings = load({"XDG_STATE_HOME": relative, "XDG_CONFIG_HOME": relative, "XDG_RUNTIME_DIR": relative})

    assert settings.state_dir == Path("/home/someone/.local/state/claude-hooks")
    assert settings.config_dir == Path("/home/someone/.config/claude-hooks")
    assert settings.runtime_dir == Path("/run/claude-hooks")


def test_a_given_directory_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert load(state_dir="here").state_dir == tmp_path / "here"


def test_of_all_sources_the_first_in_the_contract_wins(credentials, tmp_path):
    file = tmp_path / "host"
    file.write_text("from-file\n")
    (credentials / "strongroom-host").write_text("from-credential\n")
    sources = [
        ({}, {"host": "from-flag"}, "flag"),
        ({"STRONGROOM_HOST": "from-environment"}, {}, "environment"),
        ({"STRONGROOM_HOST_FILE": str(file)}, {}, f"file {file}"),
        ({"CREDENTIALS_DIRECTORY": str(credentials)}, {}, "systemd credential strongroom-host"),
    ]

    found = []
    for first in range(len(sources)):
        environ, flags = {}, {}
        for variables, given, _ in sources[first:]:
            if not (environ.keys() & {"STRONGROOM_HOST"} and "STRONGROOM_HOST_FILE" in variables):
                environ |= variables
            flags |= given
        settings = load(environ, **flags)
        found.append((settings.host, settings.origins["host"]))

    assert found == [
        ("from-flag", "flag"),
        ("from-environment", "environment"),
        ("from-file", f"file {file}"),
        ("from-credential", "systemd credential strongroom-host"),
    ]


def test_a_flag_that_is_none_was_not_given():
    settings = load({"STRONGROOM_PORT": "1234"}, port=None)

    assert (settings.port, settings.origins["port"]) == (1234, "environment")


def test_the_master_key_and_its_file_may_both_be_set():
    settings = load(
        {
            "STRONGROOM_MASTER_KEY": SECRET,
            "STRONGROOM_MASTER_KEY_FILE": "/etc/key",
            "STRONGROOM_ALLOW_ENV_SECRETS": "1",
        }
    )

    assert settings.master_key.reveal() == SECRET
    assert settings.master_key_file == Path("/etc/key")


def test_a_file_holds_the_value_without_its_line_end(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(f"{SECRET}\r\n".encode())

    settings = load({"STRONGROOM_GITLAB_CLIENT_SECRET_FILE": str(file)})

    assert settings.gitlab_client_secret.reveal() == SECRET
    assert settings.origins["gitlab_client_secret"] == f"file {file}"


def test_the_credential_of_the_master_key_is_left_to_the_key_source(credentials):
    (credentials / "strongroom-master-key").write_text(SECRET)

    settings = load({"CREDENTIALS_DIRECTORY": str(credentials)})

    assert settings.master_key is None
    assert settings.credential == credentials / "strongroom-master-key"


def test_variables_of_others_are_no_concern_of_ours():
    assert load({"STRONG_ROOM": "x", "XSTRONGROOM_PORT": "x"}) == load()


@pytest.mark.parametrize("text", ["1", "true", "YES", "on"])
def test_a_switch_knows_four_words_for_on(text):
    assert load({"STRONGROOM_BEHIND_PROXY": text}).behind_proxy


def test_stored_settings_lie_between_the_outside_and_the_defaults():
    settings = load({"STRONGROOM_SESSION_TTL_DAYS": "7"})

    laid = settings.with_stored({"session_ttl_days": "90", "archive_ttl_days": "10"})

    assert (laid.session_ttl_days, laid.origins["session_ttl_days"]) == (7, "environment")
    assert (laid.archive_ttl_days, laid.origins["archive_ttl_days"]) == (10, "settings table")
    assert laid.origins["port"] == "default"


@pytest.mark.parametrize("name", ["state_dir", "master_key", "database_url", "host", "no_such_setting", "origins"])
def test_only_settings_that_may_be_stored_are_taken_from_the_table(name):
    settings = load()

    assert settings.with_stored({name: "/elsewhere"}) == settings


def test_every_setting_has_a_meaning():
    assert all(spec["meaning"] for spec in SPECS.values())
