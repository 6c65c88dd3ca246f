"""A home in which all is well, and copies of it to spoil."""

import shutil

import pytest

from tests.integration.cli.homes import Home


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    """A home in which all is well, but for the engine of the machine."""
    home = Home(tmp_path_factory.mktemp("well"))
    home.put_old_files()
    home.config.chmod(0o700)
    assert home.call("migrate").exit_code == 0
    return home


@pytest.fixture
def home(well, tmp_path):
    for directory in (well.state, well.config):
        shutil.copytree(directory, tmp_path / directory.name)
    return Home(tmp_path)


@pytest.fixture(autouse=True)
def _sound_engine(monkeypatch):
    """Let no check depend on which SQLite this machine has."""
    monkeypatch.setattr("adapters.sql.checkup.has_wal_reset_bug", lambda _: False)
