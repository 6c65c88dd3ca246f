"""A process that writes without a pause, and says of each write that it was acknowledged."""

import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count

from app import open_state

KEY = "forgejo:reviewer:acme/api:%d"
EACH = 10
"""Every so many sessions a secret."""

_COMMAND = "import sys; from tests.integration.litestream.writer import write; write(*sys.argv[1:])"


def write(state_dir: str, config_dir: str) -> None:
    """Write until killed; says number and instant of each session, when it and its secret are durable."""
    with open_state(state_dir=state_dir, config_dir=config_dir) as state:
        for number in count(1):
            state.sessions.set(KEY % number, f"sess-{number}")
            if number % EACH == 0:
                state.secrets.set(f"agent_token:agent-{number}", f"tok-{number}")
            sys.stdout.write(f"{number} {time.time()}\n")
            sys.stdout.flush()


class Writer:
    """`acknowledged` are instants, by the number of the write."""

    def __init__(self, process):
        self.process = process
        self.acknowledged = {}

    def go_on(self, until):
        """Hear what it says until `until(acknowledged)` is true."""
        while not until(self.acknowledged):
            self._hear(self.process.stdout.readline())

    def kill(self):
        """End it as a power cut would; what it had said by then counts."""
        self.process.kill()
        for line in self.process.stdout:
            self._hear(line)
        self.process.wait()

    def _hear(self, line):
        number, at = line.split()
        self.acknowledged[int(number)] = float(at)


@contextmanager
def writing(home):
    """Run a writer for a `with` block."""
    command = [sys.executable, "-c", _COMMAND, home.state, home.config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        writer = Writer(process)
        try:
            yield writer
        finally:
            process.kill()
