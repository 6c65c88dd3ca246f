"""The two ways on which an answer comes to the terminal itself: a request to the redirect address, or a pasted line."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer
from urllib.parse import urlsplit

from typing_extensions import override

from app.http.pages import html_page
from app.usecases.oauth.connect import parse_answer, query_of
from domain.errors import Invalid
from domain.values import SecretValue

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_LONGEST_LINE = 16_384
_PATIENCE_WITH_A_CLIENT_S = 2


class Callback:
    """Our own listener on the redirect address, where that is on this machine and no service has it.

    It takes the answer to one `state`; whatever else comes by is turned away, and it goes on listening.
    """

    def __init__(self, path: str, state: SecretValue) -> None:
        self._path = path
        self._state = state
        self._server: HTTPServer | None = None
        self.answer: SecretValue | None = None

    @classmethod
    @contextmanager
    def listening(cls, redirect_uri: str, state: SecretValue) -> Iterator["Callback"]:
        """Listen on that address for a `with` block, if we can."""
        address = urlsplit(redirect_uri)
        callback = cls(address.path, state)
        if address.scheme == "http" and address.hostname in _LOOPBACK:
            callback._server = _bound(address.port or 80, callback)
        try:
            yield callback
        finally:
            if callback._server is not None:
                callback._server.server_close()

    def fileno(self) -> int | None:
        """Return what to wait on, None if we do not listen."""
        return None if self._server is None else self._server.fileno()

    def serve_one(self) -> None:
        """Serve one request."""
        if self._server is not None:
            self._server.handle_request()

    def take(self, target: str) -> bool:
        """Take what a request asks for, if it is the answer; tells whether it was."""
        path, _, query = target.partition("?")
        if path != self._path or not _answers(SecretValue(query), self._state):
            return False
        self.answer = SecretValue(query)
        return True


class Pasted:
    """Lines from standard input, read without a buffer, so that waiting for one can be given up at any time."""

    def __init__(self, state: SecretValue) -> None:
        self._state = state
        self._line = b""
        self._ended = False

    def fileno(self) -> int | None:
        """Return what to wait on, None if nothing more will come."""
        try:
            return None if self._ended else sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            return None

    def read(self) -> SecretValue | None:
        """Return the query of a pasted address once its line is whole, None so far. Raises `Invalid` for another."""
        read = os.read(sys.stdin.fileno(), _LONGEST_LINE)
        self._ended = not read
        self._line += read
        line, line_end, rest = self._line.partition(b"\n")
        if not (line_end or self._ended or len(line) > _LONGEST_LINE):
            return None
        self._line = rest
        if not line.strip():
            return None
        query = query_of(SecretValue(line.decode(errors="replace")))
        if not _answers(query, self._state):
            raise Invalid(
                "that address is of another login, or is not where the forge sent the browser back to",
                advice="copy the whole address on which the browser ends",
            )
        return query


def first_of(callback: Callback, pasted: Pasted, *, within_s: float) -> SecretValue | None:
    """Return the answer that comes first, None if none does within that time. Raises `Invalid` for a wrong paste."""
    callback_fd, pasted_fd = callback.fileno(), pasted.fileno()
    ready, _, _ = select.select([fd for fd in (callback_fd, pasted_fd) if fd is not None], [], [], within_s)
    if callback_fd in ready:
        callback.serve_one()
    if callback.answer is None and pasted_fd in ready:
        return pasted.read()
    return callback.answer


def _answers(query: SecretValue, state: SecretValue) -> bool:
    try:
        said = parse_answer(query)
    except Invalid:
        return False
    return said.get("state") == state.reveal() and ("code" in said or "error" in said)


class _Listener(HTTPServer):
    """Says nothing of what goes wrong with a request, and asks no name server who it is itself."""

    @override
    def server_bind(self) -> None:
        TCPServer.server_bind(self)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        pass


def _bound(port: int, callback: Callback) -> HTTPServer | None:
    class Handler(BaseHTTPRequestHandler):
        """Takes the one answer, and says nothing of it to anybody."""

        timeout = _PATIENCE_WITH_A_CLIENT_S  # type: ignore[mutable-override]  # declared wider than we need

        def do_GET(self) -> None:
            if not callback.take(self.path):
                self.send_error(404)
                return
            response = html_page("Go back to the terminal", "It goes on there. This page can be closed.")
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(bytes(response.body))

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        return _Listener(("127.0.0.1", port), Handler)
    except OSError:
        return None  # the service has it, and lays the answer down for us
