"""A connection to a service that is killed now and then."""

import http.client
import json
import socket
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from tests.support.soak_lives import Lives
from tests.support.soak_places import Lost

_PATIENCE_S = 60
_IDLE_S = 3
"""The service closes connections that were idle for 5 s."""


class Unanswered(Exception):
    """The service was killed before it answered; another life of it has begun."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict
    headers: http.client.HTTPMessage


class _OverSocket(HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(self._path)


@dataclass
class Line:
    """A connection to the service that is made anew for each of its lives; without a token over the Unix socket."""

    lives: Lives
    token: str | None
    _life: int = 0
    _used: float = 0
    _connection: HTTPConnection | None = None

    def ask(self, method, path, body=None, **headers):
        """Return the answer; raises `Unanswered` if the service was killed, and `Lost` if it broke off unkilled."""
        life = self.lives.number
        try:
            return self._ask(life, method, path, body, {name.replace("_", "-"): each for name, each in headers.items()})
        except (OSError, HTTPException) as error:
            self._life = 0
            if not self.lives.wait_for_one_after(life):
                raise Lost(f"{method} broke off ({type(error).__name__}), and nobody had killed the service") from error
            raise Unanswered from error

    def _ask(self, life, method, path, body, headers):
        if self._life != life or time.monotonic() - self._used > _IDLE_S:
            self._connect(life)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        raw = response.read()
        self._used = time.monotonic()
        return Answer(response.status, json.loads(raw) if raw else {}, response.headers)

    def close(self):
        if self._connection is not None:
            self._connection.close()

    def _connect(self, life):
        self.close()
        home = self.lives.home
        self._connection = (
            HTTPConnection("127.0.0.1", home.port, timeout=_PATIENCE_S) if self.token else _OverSocket(home.socket_path)
        )
        self._connection.connect()
        self._life = life
