"""The master key in memory."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.errors import KeyRefused
from domain.keys import MASTER_KEY_BYTES, KeyMaterial, MasterKey, fingerprint
from domain.ports import KeySource

_PLACE = "memory"


class MemoryKeySource(KeySource):
    """One place, empty until a key is given or created, and one beside it. `files` are keys that lie elsewhere."""

    def __init__(
        self,
        key: MasterKey | None = None,
        *,
        staged: MasterKey | None = None,
        files: Mapping[str, MasterKey] | None = None,
    ) -> None:
        self._lock = Lock()
        self._key = key
        self._next = staged
        self._files = dict(files or {})

    @override
    def load(self) -> MasterKey | None:
        with self._lock:
            return self._key

    @override
    def create(self) -> MasterKey:
        with self._lock:
            if self._key is None:
                raw = secrets.token_bytes(MASTER_KEY_BYTES)
                self._key = MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source=_PLACE)
            return self._key

    @override
    def read(self, path: str) -> MasterKey:
        if path not in self._files:
            raise KeyRefused(f"file {path} is not there")
        return self._files[path]

    @override
    def stage(self, key: MasterKey) -> bool:
        with self._lock:
            self._next = key
        return True

    @override
    def staged(self) -> MasterKey | None:
        with self._lock:
            return self._next

    @override
    def promote(self) -> None:
        with self._lock:
            if self._next is None:
                raise KeyRefused("no key is staged")
            self._key, self._next = replace(self._next, source=_PLACE), None

    @override
    def discard(self) -> None:
        with self._lock:
            self._next = None

    @override
    def places(self) -> list[str]:
        return [_PLACE]

    @override
    def elsewhere(self) -> list[str]:
        return []
