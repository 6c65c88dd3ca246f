"""Requests that two readers could take for different ones are refused before anybody asks who sent them."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.problems import Problem, document

_NO_PATH = "the target of a request is a path here, and starts with a slash"
_TWO_LENGTHS = "the body has a Content-Length and a Transfer-Encoding, and only one of them can be right"
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})


class WellFormed:
    """Answers 400 and closes the connection, where what follows may be anything (RFC 9112, section 6.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say what is wrong with its form."""
        fault = _fault(scope) if scope["type"] == "http" else None
        await (self._app if fault is None else _refusal(fault))(scope, receive, send)


def _fault(scope: Scope) -> str | None:
    target = scope.get("raw_path") or scope["path"].encode()  # not decoded: `%2F` is no slash here
    if not target.startswith(b"/"):
        return _NO_PATH
    return _TWO_LENGTHS if {name for name, _ in scope["headers"]} >= _LENGTHS else None


def _refusal(detail: str) -> Problem:
    status = HTTPStatus.BAD_REQUEST
    return Problem(document(status, "bad_request", detail), status, {"Connection": "close"})
