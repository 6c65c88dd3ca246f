"""Wrapped data keys in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.errors import Conflict, NotFound
from domain.keys import DataKey, KeyState
from domain.ports import DataKeyStore


class MemoryDataKeyStore(DataKeyStore):
    """Data keys by id. `sealed_under` counts the values that name each, and so keep it from being retired."""

    def __init__(self, sealed_under: Callable[[], Mapping[str, int]] = dict) -> None:
        self._sealed_under = sealed_under
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
    def activate(self, key: DataKey, *, instead_of: str | None = None) -> None:
        with self._lock:
            active = [k for k in self._keys.values() if k.seals_now]
            if instead_of is not None and [k.id for k in active] != [instead_of]:
                raise Conflict("another data key is active meanwhile")
            if key.id in self._keys or {k.master_fingerprint for k in self._keys.values()} - {key.master_fingerprint}:
                raise Conflict("the id is taken, or the master key was changed meanwhile")
            for former in active:
                self._keys[former.id] = replace(former, state=KeyState.DECRYPT_ONLY)
            self._keys[key.id] = key

    @override
    def retire(self, key_id: str) -> None:
        named = self._sealed_under().get(key_id, 0)
        with self._lock:
            key = self._keys.get(key_id)
            if key is None:
                raise NotFound(f"there is no data key {key_id}")
            if named or key.state is KeyState.ACTIVE:
                raise Conflict(f"data key {key_id} is in use")
            self._keys[key_id] = replace(key, state=KeyState.RETIRED)

    @override
    def rewrap(self, keys: Sequence[DataKey]) -> None:
        with self._lock:
            if {key.id for key in keys} != self._keys.keys():
                raise Conflict("a data key was made meanwhile")
            for key in keys:
                self._keys[key.id] = replace(
                    self._keys[key.id], wrapped=key.wrapped, master_fingerprint=key.master_fingerprint
                )

    @override
    def erase_former_wrapping(self) -> None:
        pass  # nothing outlives its replacement here

    @override
    def list(self) -> list[DataKey]:
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))
