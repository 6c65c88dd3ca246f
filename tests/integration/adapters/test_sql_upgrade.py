"""A database that an older version left behind is found whole after the upgrade, and takes what is new."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.sql.schema import HEAD, REVISIONS
from app import open_state
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.backed_up import sql
from tests.support.recipes import a_database

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOTED = {"0001": (None, None), "0002": ("operator", 1_795_514_400_000), "0003": ("operator", 1_795_514_400_000)}
"""Account and instant of connecting that each fixture holds."""


def token_at(revision):
    return OAuthToken(
        forge_type="gitlab",
        access_token=SecretValue(f"access-{revision}"),
        refresh_token=SecretValue(f"refresh-{revision}"),
        token_type="Bearer",
        scopes=("api",),
        expires_at=1_795_521_600_000,
        base_url="https://gitlab.example.org",
        version=1,
    )


def fixture_of(revision):
    return FIXTURES / f"schema-{revision}"


@pytest.fixture(params=REVISIONS[:-1])
def revision(request):
    """Every schema revision before this one."""
    return request.param


@pytest.fixture
def state_dir(tmp_path, revision):
    """A state directory with a database of that schema."""
    state_dir = tmp_path / "state"
    state_dir.mkdir(mode=0o700)
    connection = sqlite3.connect(state_dir / "agents.db")
    connection.executescript((fixture_of(revision) / "agents.sql").read_text())
    connection.close()
    (state_dir / "agents.db").chmod(0o600)
    return state_dir


@pytest.fixture
def config_dir(tmp_path, revision):
    """A configuration directory with the master key of that database."""
    config_dir = tmp_path / "config"
    config_dir.mkdir(mode=0o700)
    shutil.copyfile(fixture_of(revision) / "master.key", config_dir / "master.key")
    (config_dir / "master.key").chmod(0o600)
    return config_dir


def schema_of(path):
    """What makes each table and index, the spelling of white space apart, and the columns of each table."""
    made = sql(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    columns = sql(path, "SELECT t.name, c.* FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'")
    return {name: " ".join(text.split()) for name, text in made}, sorted(columns, key=repr)


def test_everything_that_was_stored_is_found(state_dir, config_dir, revision):
    with open_state(state_dir=state_dir, config_dir=config_dir) as state:
        history = state.container.secret_history()
        versions = [history.get_version("agent_token:reviewer", number).value.reveal() for number in (1, 2)]
        found = state.oauth_tokens.get("gitlab")

        assert state.sessions.get("forgejo:reviewer:acme/api:42").session_id == "session-1"
        assert state.secrets.get("agent_token:reviewer").value.reveal() == "token-of-reviewer-2"
        assert versions == ["token-of-reviewer", "token-of-reviewer-2"]
        assert found == token_at(revision)
        assert (found.account, found.connected_at) == NOTED[revision]
    assert sql(state_dir / "agents.db", "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_what_was_stored_takes_what_is_noted_now(state_dir, config_dir, revision):
    with open_state(state_dir=state_dir, config_dir=config_dir) as state:
        state.oauth_tokens.upsert(replace(token_at(revision), account="new", connected_at=1), expected_version=1)

        found = state.oauth_tokens.get("gitlab")

    assert (found.version, found.account, found.connected_at) == (2, "new", 1)


def test_an_upgraded_schema_is_that_of_a_new_database(state_dir, tmp_path):
    with a_database(state_dir / "agents.db"), a_database(tmp_path / "new.db"):
        pass

    assert schema_of(state_dir / "agents.db") == schema_of(tmp_path / "new.db")


def test_the_fixture_is_of_the_schema_that_it_is_called_after(state_dir, revision):
    assert sql(state_dir / "agents.db", "SELECT version_num FROM alembic_version") == [(revision,)]
    assert "job" not in schema_of(state_dir / "agents.db")[0]


def test_an_upgrade_that_fails_half_way_leaves_the_old_database_as_it_was(state_dir, revision):
    path = state_dir / "agents.db"
    sql(path, "CREATE TABLE job (in_the_way INTEGER)")
    before = schema_of(path)

    with pytest.raises(Exception, match="job"), a_database(path):
        pass

    assert schema_of(path) == before
    assert sql(path, "SELECT version_num FROM alembic_version") == [(revision,)]
