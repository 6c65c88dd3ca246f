"""Wrapped data keys in memory."""

from threading import Lock

from typing_extensions import override

from domain.errors import Conflict
from domain.keys import DataKey
from domain.ports import DataKeyStore


class MemoryDataKeyStore(DataKeyStore):
    """Data keys by id."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[str, DataKey] = {}

    @override
    def add(self, keys: list[DataKey]) -> None:
        new = {key.id: key for key in keys}
        with self._lock:
            if len(new) != len(keys) or new.keys() & self._keys.keys():
                raise Conflict("a data key of that id is already there")
            self._keys |= new

    @override
    def list(self) -> list[DataKey]:
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))
