"""A service on a temporary directory, and clients of it with and without a token."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from app.boot import open_service
from app.container import Container
from app.http.application import build_app
from app.http.readiness import Readiness
from app.setting_sources import load_settings
from domain.migrations import MigrationReport
from tests.integration.http.vaulted import a_vaulted_home

ClientWith = Callable[..., TestClient]


@pytest.fixture
def container(tmp_path) -> Iterator[Container]:
    flags = {"state_dir": tmp_path / "state", "config_dir": tmp_path / "config"}
    container = open_service(load_settings({}, flags))
    yield container
    container.database().close()


@pytest.fixture
def readiness() -> Readiness:
    readiness = Readiness()
    readiness.settle(MigrationReport(dry_run=False))
    return readiness


@pytest.fixture
def client_with(container, readiness) -> ClientWith:
    """Clients whose token has the given grants."""

    def client(*grants: str) -> TestClient:
        app = build_app(container, readiness)
        _, token = container.create_api_token()("a test", grants)
        return TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}"})

    return client


@pytest.fixture
def client(client_with) -> TestClient:
    """A client that may do everything."""
    return client_with("admin")


@pytest.fixture
def stranger(container, readiness) -> TestClient:
    """A client without a token."""
    return TestClient(build_app(container, readiness))


@pytest.fixture(scope="module")
def vaulted(tmp_path_factory):
    """A running service that answers clients of Vault."""
    with a_vaulted_home(tmp_path_factory.mktemp("home")) as vaulted:
        yield vaulted


@pytest.fixture
def on_unix(flags):
    """Connect to a running server over its Unix socket, as its own user, who needs no token."""

    @contextmanager
    def connected():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(flags["socket"])
            yield connection

    return connected
