"""A service on a temporary directory, and clients of it with and without a token."""

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from app.boot import open_service
from app.container import Container
from app.http.application import build_app
from app.http.readiness import Readiness
from app.settings import load_settings
from domain.migrations import MigrationReport

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
