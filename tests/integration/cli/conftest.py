"""Homes for the command line's tests."""

import pytest

from tests.integration.cli.homes import Home


@pytest.fixture
def home(tmp_path):
    """A machine on which nothing ever ran."""
    return Home(tmp_path)


@pytest.fixture
def old_home(home):
    """A machine with the old version's files."""
    home.put_old_files()
    return home


@pytest.fixture
def moved_home(old_home):
    """A machine whose old files have been moved in."""
    assert old_home.call("migrate").exit_code == 0
    return old_home
