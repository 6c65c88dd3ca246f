"""The service on a home with old files, started by some launcher, asked over its Unix socket, and told to stop."""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from http.client import HTTPConnection

import pytest

_PATIENCE_S = 60


class Asking(HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(self._path)


def ask(path, method, resource, body=None):
    """Ask the service behind the socket at `path`; returns status and body."""
    connection = Asking(path)
    connection.request(method, resource, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


def serve_and(command, environ, use):
    """Run `command`, call `use` when the old files are in, and stop it; it must end well. Returns what it said."""
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if "backup:" in line:  # the last line about the old files
                    break
            else:
                pytest.fail("".join(said))
            use(process)
        finally:
            stop(process)
        said.append(process.stderr.read())
    assert process.returncode == 0, "".join(said)
    return "".join(said)


def children(process):
    """Return the numbers of the processes that `process` has started."""
    listed = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    return [int(pid) for pid in subprocess.run(listed, capture_output=True, check=False, timeout=60).stdout.split()]


def stop(process):
    """Send the order to stop to what a launcher has started, or to the process itself."""
    for pid in children(process) or [process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
