"""What settings refuse: unknown names with the nearest known one, malformed values and secrets without showing them."""

import pytest

from app.setting_sources import load_settings
from domain.errors import Invalid

HOME = {"HOME": "/home/someone"}


SECRET = "s3cr3t-value-Zx81"


def load(environ=None, **flags):
    return load_settings(HOME | (environ or {}), flags)


def refused(environ=None, **flags):
    with pytest.raises(Invalid) as caught:
        load(environ, **flags)
    return caught.value


def test_a_variable_beside_its_file_is_refused(tmp_path):
    error = refused({"STRONGROOM_HOST": "a", "STRONGROOM_HOST_FILE": str(tmp_path / "x")})

    assert error.message == "STRONGROOM_HOST and STRONGROOM_HOST_FILE are both set"


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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "\uff18\uff10"),
        ("port", "80 "),
        ("port", "1" * 5_000),
        ("session_ttl_days", "0"),
        ("session_ttl_days", "30d"),
        ("behind_proxy", "maybe"),
        ("allow_env_secrets", "2"),
        ("log_level", "LOUD"),
        ("log_format", "xml"),
        ("public_url", "javascript:alert(1)"),
        ("gitlab_scopes", "api\x1b[31m"),
        ("backup_keep", "nonsense"),
        ("database_url", "mysql://user:hunter2-Qq@host/db"),
        ("database_url", "postgresql://user:hunter2-Qq@host/db"),
    ],
)
def test_a_malformed_value_is_named_by_its_setting_and_not_shown(name, text):
    error = refused({f"STRONGROOM_{name.upper()}": text})

    assert error.message.startswith(f"STRONGROOM_{name.upper()} (from environment): ")
    assert len(text) < 3 or text not in error.message
    assert "hunter2" not in repr(error)


@pytest.mark.parametrize(
    "name", ["master_key", "gitlab_client_secret", "github_client_secret", "forgejo_client_secret"]
)
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
