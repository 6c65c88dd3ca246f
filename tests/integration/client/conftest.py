"""One server for a module, and a service for each test, of a home that was furnished once."""

import shutil

import pytest

from adapters.memory import ManualClock
from app.boot import open_service
from app.setting_sources import load_settings
from tests.integration.client.service import a_server, a_service


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """A home with a key and an empty database; opening a copy of it is much quicker than making one."""
    home = tmp_path_factory.mktemp("furnished")
    open_service(load_settings({}, {"state_dir": home / "state", "config_dir": home / "config"})).database().close()
    return home


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def service(server, furnished, tmp_path, clock):
    home = shutil.copytree(furnished, tmp_path / "home")
    with a_service(server, home, clock) as service:
        yield service
