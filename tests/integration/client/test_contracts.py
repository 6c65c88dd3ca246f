"""The contract suites of the stores, over the clients and a real server."""

import shutil
from contextlib import contextmanager
from functools import partial
from itertools import count

import pytest

from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.secret_versions import SecretStoreAcrossProcesses
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.session_store import SessionStoreAcrossProcesses
from tests.integration.client.service import a_service, a_service_in_memory, awaited_store_of, store_of


@pytest.fixture
def on_disk(server, furnished, tmp_path):
    """Services on databases of their own."""
    numbers = count()
    return lambda clock: a_service(server, shutil.copytree(furnished, tmp_path / f"{next(numbers)}"), clock)


@pytest.fixture
def in_memory(server):
    """Services with every port in memory: what is left is what the clients and HTTP make of it."""
    return lambda clock: a_service_in_memory(server, clock)


def opener(services, client):
    """A function that opens a store of a new service each time; `client` makes it of the service."""

    @contextmanager
    def open_store(clock):
        with services(clock) as service, client(service) as store:
            yield store

    return open_store


class TestSessionStoreOverSocket(SessionListingContract, SessionStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, on_disk):
        return opener(on_disk, lambda service: store_of("sessions", service.over_socket))

    @pytest.fixture
    def recipe(self, service):
        return partial(store_of, "sessions", service.over_socket)


class TestSecretStoreOverSocket(AnySecretStoreContract, SecretStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, on_disk):
        return opener(on_disk, lambda service: store_of("secrets", service.over_socket))

    @pytest.fixture
    def recipe(self, service):
        return partial(store_of, "secrets", service.over_socket)


class TestAwaitedSessionStoreOverTcp(SessionListingContract):
    @pytest.fixture
    def open_store(self, in_memory):
        return opener(in_memory, lambda service: awaited_store_of("sessions", service.over_tcp))


class TestAwaitedSecretStoreOverTcp(AnySecretStoreContract):
    @pytest.fixture
    def open_store(self, in_memory):
        return opener(in_memory, lambda service: awaited_store_of("secrets", service.over_tcp))
