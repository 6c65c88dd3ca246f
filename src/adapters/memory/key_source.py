"""The master key in memory."""

import secrets
from threading import Lock

from typing_extensions import override

from domain.keys import MASTER_KEY_BYTES, KeyMaterial, MasterKey, fingerprint
from domain.ports import KeySource

_PLACE = "memory"


class MemoryKeySource(KeySource):
    """One place, empty until a key is given or created."""

    def __init__(self, key: MasterKey | None = None) -> None:
        self._lock = Lock()
        self._key = key

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
    def places(self) -> list[str]:
        return [_PLACE]
