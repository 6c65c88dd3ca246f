"""A shell at a terminal: what is typed into it, and what it shows."""

import os
import pty
import re
import select
import subprocess
from functools import partial

_PATIENCE_S = 30
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07")


class Terminal:
    """A running shell. Its prompt is PROMPT, so that one can wait for it."""

    PROMPT = "ready:"

    def __init__(self, command, environ):
        self._master, slave = pty.openpty()
        on_terminal = partial(os.login_tty, slave)
        self._process = subprocess.Popen(command, env=environ, preexec_fn=on_terminal)  # noqa: PLW1509 - no threads here
        os.close(slave)
        self._seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._master)  # hangs up on the shell
        self._process.wait(_PATIENCE_S)

    def type(self, text):
        os.write(self._master, text.encode())

    def wait_for(self, text):
        """Read until the screen shows `text`; returns what it showed until then, and forgets that."""
        while text not in self._shown():
            assert select.select([self._master], [], [], _PATIENCE_S)[0], self._shown()
            self._seen += os.read(self._master, 4_096)
        shown, _, rest = self._shown().partition(text)
        self._seen = rest.encode()
        return shown + text

    def wait_for_all(self, texts):
        """Read until the screen shows every one of `texts`, in whatever order."""
        while missing := [text for text in texts if text not in self._shown()]:
            assert select.select([self._master], [], [], _PATIENCE_S)[0], missing
            self._seen += os.read(self._master, 4_096)

    def run(self, line):
        """Run a line and wait for the next prompt."""
        self.type(f"{line}\n")
        return self.wait_for(self.PROMPT)

    def _shown(self):
        return _CONTROL.sub(b"", self._seen).decode(errors="replace")
