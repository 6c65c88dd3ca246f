"""What went wrong with the connections, in memory."""

from threading import Lock

from typing_extensions import override

from domain.connections import ConnectionFault
from domain.ports import ConnectionFaults


class MemoryConnectionFaults(ConnectionFaults):
    """Faults in a dict."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: dict[str, ConnectionFault] = {}

    @override
    def get(self, forge: str) -> ConnectionFault | None:
        with self._lock:
            return self._faults.get(forge)

    @override
    def record(self, fault: ConnectionFault) -> None:
        with self._lock:
            former = self._faults.get(fault.forge)
            if former is None or fault.token_version >= former.token_version:
                self._faults[fault.forge] = fault

    @override
    def forget(self, fault: ConnectionFault) -> None:
        with self._lock:
            if self._faults.get(fault.forge) == fault:
                del self._faults[fault.forge]
