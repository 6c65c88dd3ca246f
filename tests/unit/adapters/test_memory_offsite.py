"""The contract of off-site stores on the one in memory."""

import pytest

from adapters.memory import MemoryOffsiteStore
from domain.values import SecretValue
from tests.contracts.offsite_store import OffsiteStoreContract


class Shelf:
    """Two stores on the same files."""

    identity, other_identity = SecretValue("ours"), SecretValue("another's")

    def __init__(self):
        self._files = {}
        self.plain = MemoryOffsiteStore(self._files)
        self.sealed = MemoryOffsiteStore(self._files, identity=self.identity)
        self.put, self.content, self.remove = self._files.__setitem__, self._files.get, self._files.pop

    def names(self):
        return set(self._files)


class TestMemoryOffsiteStore(OffsiteStoreContract):
    @pytest.fixture
    def shelf(self):
        return Shelf()
