"""What a process says, a line at a time, and never waited for without end."""

import os
import select
import time
from typing import IO

PATIENCE_S = 20.0


class Lines:
    """The lines that come out of a pipe. A `TimeoutError` says what came instead of a whole line."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._said = b""

    def next(self, patience_s: float = PATIENCE_S) -> str:
        """Return the next line without its end; raises `EOFError` when there is none any more."""
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._said:
            self._read(deadline)
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def _read(self, deadline: float) -> None:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._pipe], [], [], left)[0]:
            raise TimeoutError(f"no line within the time, only {self._said!r}")
        more = os.read(self._pipe.fileno(), 65_536)
        if not more:
            raise EOFError(f"the output ended after {self._said!r}")
        self._said += more
