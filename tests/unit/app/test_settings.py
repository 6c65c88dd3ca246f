"""Where each setting comes from, which wins, and what is refused without showing it."""

from pathlib import Path

import pytest

from app.settings import SPECS, load_settings
from domain.errors import Invalid

HOME = {"HOME": "/home/someone"}
SECRET = "s3cr3t-value-Zx81"


def load(environ=None, **flags):
    return load_settings(HOME | (environ or {}), flags)


def refused(environ=None, **flags):
    with pytest.raises(Invalid) as caught:
        load(environ, **flags)
    return caught.value


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
    assert settings.backup_keep == "last=5,daily=7,weekly=4,monthly=6"
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


def test_a_variable_beside_its_file_is_refused(tmp_path):
    error = refused({"STRONGROOM_HOST": "a", "STRONGROOM_HOST_FILE": str(tmp_path / "x")})

    assert error.message == "STRONGROOM_HOST and STRONGROOM_HOST_FILE are both set"


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


@pytest.mark.parametrize("fault", ["missing", "a directory", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_named_with_the_variable(tmp_path, fault):
    file = tmp_path / "secret"
    if fault == "a directory":
        file.mkdir()
    elif fault == "not UTF-8":
        file.write_bytes(b"\xff" + SECRET.encode())

    error = refused({"STRONGROOM_GITLAB_CLIENT_SECRET_FILE": str(file)})

    assert "STRONGROOM_GITLAB_CLIENT_SECRET_FILE" in error.message
    assert str(file) in error.message
    assert SECRET not in repr(error)


def test_the_credential_of_the_master_key_is_left_to_the_key_source(credentials):
    (credentials / "strongroom-master-key").write_text(SECRET)

    settings = load({"CREDENTIALS_DIRECTORY": str(credentials)})

    assert settings.master_key is None
    assert settings.credential == credentials / "strongroom-master-key"


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("STRONGROOM_STATEDIR", "STRONGROOM_STATE_DIR"),
        ("STRONGROOM_MASTERKEY", "STRONGROOM_MASTER_KEY"),
        ("STRONGROOM_PROT", "STRONGROOM_PORT"),
        ("STRONGROOM_HOST_FIEL", "STRONGROOM_HOST_FILE"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(variable, nearest):
    error = refused({variable: SECRET})

    assert error.message == f"unknown setting {variable}"
    assert error.advice == f"did you mean {nearest}?"


def test_an_unknown_flag_is_refused_with_the_nearest_name():
    error = refused(state_dri="/x")

    assert (error.message, error.advice) == ("unknown setting state_dri", "did you mean state_dir?")


def test_variables_of_others_are_no_concern_of_ours():
    assert load({"STRONG_ROOM": "x", "XSTRONGROOM_PORT": "x"}) == load()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "８０"),
        ("port", "80 "),
        ("port", "1" * 5_000),
        ("session_ttl_days", "0"),
        ("session_ttl_days", "30d"),
        ("behind_proxy", "maybe"),
        ("allow_env_secrets", "2"),
        ("log_level", "LOUD"),
        ("log_format", "xml"),
        ("database_url", "mysql://user:hunter2-Qq@host/db"),
        ("database_url", "postgresql://user:hunter2-Qq@host/db"),
    ],
)
def test_a_malformed_value_is_named_by_its_setting_and_not_shown(name, text):
    error = refused({f"STRONGROOM_{name.upper()}": text})

    assert error.message.startswith(f"STRONGROOM_{name.upper()} (from environment): ")
    assert len(text) < 3 or text not in error.message
    assert "hunter2" not in repr(error)


@pytest.mark.parametrize("text", ["1", "true", "YES", "on"])
def test_a_switch_knows_four_words_for_on(text):
    assert load({"STRONGROOM_BEHIND_PROXY": text}).behind_proxy


@pytest.mark.parametrize("name", ["master_key", "gitlab_client_secret", "github_client_secret", "forgejo_client_secret"])
def test_a_secret_in_the_environment_is_refused_unless_allowed(name):
    variable = f"STRONGROOM_{name.upper()}"

    error = refused({variable: SECRET})
    settings = load({variable: SECRET, "STRONGROOM_ALLOW_ENV_SECRETS": "1"})

    assert variable in error.message
    assert f"{variable}_FILE" in error.advice
    assert SECRET not in f"{error} {error.advice}"
    assert getattr(settings, name).reveal() == SECRET


def test_settings_do_not_print_their_secrets():
    settings = load({"STRONGROOM_MASTER_KEY": SECRET, "STRONGROOM_ALLOW_ENV_SECRETS": "1"})

    assert SECRET not in repr(settings)


def test_a_database_elsewhere_is_accepted_as_a_setting_and_refused_as_a_path():
    settings = load({"STRONGROOM_DATABASE_URL": "postgresql+psycopg://u:hunter2-Qq@h/db"})

    with pytest.raises(Invalid) as caught:
        _ = settings.sqlite_path

    assert "hunter2" not in repr(caught.value)


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


def test_a_malformed_stored_setting_is_refused_by_name():
    with pytest.raises(Invalid, match="STRONGROOM_ARCHIVE_TTL_DAYS .from the settings table.: not a whole number"):
        load().with_stored({"archive_ttl_days": "soon"})


def test_every_setting_has_a_meaning():
    assert all(spec["meaning"] for spec in SPECS.values())
