"""The two ways on which an answer comes to the terminal itself: a request to the redirect address, or a pasted line."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from typing_extensions import override

from app.http.pages import page
from app.usecases.oauth.connect import parse_answer, query_of
from domain.errors import Invalid
from domain.values import SecretValue

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_LINE = 16_384
_PATIENCE_WITH_A_CLIENT_S = 2


class Callback:
    """Our own listener on the redirect address, where that is on this machine and no service has it."""

    def __init__(self, server: HTTPServer | None) -> None:
        self._server = server
        self.answer: SecretValue | None = None

    @classmethod
    @contextmanager
    def listening(cls, public_url: str, path: str) -> Iterator["Callback"]:
        """Listen for a `with` block, if we can."""
        callback = cls(None)
        address = urlsplit(public_url)
        if address.scheme == "http" and address.hostname in _LOOPBACK:
            callback._server = _bound(address.port or 80, address.path.rstrip("/") + path, callback)
        try:
            yield callback
        finally:
            if callback._server is not None:
                callback._server.server_close()

    def fileno(self) -> int | None:
        """Return what to wait on, None if we do not listen."""
        return None if self._server is None else self._server.fileno()

    def take(self) -> None:
        """Serve one request."""
        if self._server is not None:
            self._server.handle_request()


class Pasted:
    """Lines from standard input, read without a buffer, so that waiting for one can be given up at any time."""

    def __init__(self) -> None:
        self._line = b""
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line = b""

    def fileno(self) -> int | None:
        """Return what to wait on, None if nothing more will come."""
        try:
            return None if self._ended else sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            return None

    def take(self) -> SecretValue | None:
        """Return the query of a pasted address once its line is whole. Raises `Invalid` if it has none."""
        read = os.read(sys.stdin.fileno(), _LONGEST_LINE)
        self._ended = not read
        self._line += read
        line, line_end, rest = self._line.partition(b"\n")
        if len(self._line) > _LONGEST_LINE:
            raise Invalid("that is too long for an address")
        if not (line_end or self._ended):
            return None
        self._line = rest
        return query_of(SecretValue(line.decode(errors="replace"))) if line.strip() else None


def first_of(callback: Callback, pasted: Pasted, *, within_s: float) -> SecretValue | None:
    """Return the answer that comes first, None if none does within that time."""
    callback_fd, pasted_fd = callback.fileno(), pasted.fileno()
    ready, _, _ = select.select([fd for fd in (callback_fd, pasted_fd) if fd is not None], [], [], within_s)
    if callback_fd in ready:
        callback.take()
    if callback.answer is None and pasted_fd in ready:
        return pasted.take()
    return callback.answer


def _bound(port: int, path: str, callback: Callback) -> HTTPServer | None:
    class Handler(BaseHTTPRequestHandler):
        """Takes the one answer, and says nothing of it to anybody."""

        timeout = _PATIENCE_WITH_A_CLIENT_S  # type: ignore[mutable-override]  # declared wider than we need

        def do_GET(self) -> None:
            asked, _, query = self.path.partition("?")
            if asked != path or "state" not in parse_answer(SecretValue(query)):
                self.send_error(404)
                return
            callback.answer = SecretValue(query)
            response = page("Go back to the terminal", "It goes on there. This page can be closed.")
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(bytes(response.body))

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        return HTTPServer(("127.0.0.1", port), Handler)
    except OSError:
        return None  # the service has it, and lays the answer down for us
