"""The wall clock of this machine."""

import time

from typing_extensions import override

from domain.ports import Clock


class SystemClock(Clock):
    """What `time.time_ns` says."""

    @override
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    @override
    def wait(self, ms: int) -> None:
        time.sleep(ms / 1_000)
