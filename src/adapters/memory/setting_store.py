"""Settings in memory."""

from threading import Lock

from typing_extensions import override

from domain.ports import SettingStore


class MemorySettingStore(SettingStore):
    """Settings in a dict."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._settings: dict[str, str] = {}

    @override
    def all(self) -> dict[str, str]:
        with self._lock:
            return dict(self._settings)

    @override
    def set(self, name: str, value: str) -> None:
        with self._lock:
            self._settings[name] = value

    @override
    def unset(self, name: str) -> bool:
        with self._lock:
            return self._settings.pop(name, None) is not None
