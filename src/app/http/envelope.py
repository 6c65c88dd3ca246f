"""What surrounds every answer: a request id, a line in the log, a measurement, and a problem where something failed."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from app.http.problems import from_error, from_protocol, internal
from domain.errors import DomainError

REQUEST_ID = "x-request-id"
NO_ROUTE = "(no route)"
ACTOR = "strongroom.actor"
"""Where in a request's scope it is said who acts, once that is known."""

AFTERWARDS = "strongroom.afterwards"
"""Where in a request's scope there is something to be awaited that its answer does not wait for."""

Measure = Callable[[str, str, int, float], None]
"""Takes method, route template, status (0 if there was no answer) and seconds."""

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LIST"})
_OTHER = "other"
_log = logging.getLogger("strongroom.http")


def _unmeasured(_method: str, _route: str, _status: int, _seconds: float) -> None:
    """Measure nothing."""


class Envelope:
    """The outermost layer: no exception passes it, and nothing that is not HTTP."""

    def __init__(self, app: ASGIApp, *, measure: Measure = _unmeasured) -> None:
        self._app = app
        self._measure = measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. All that is logged meanwhile carries its id."""
        if scope["type"] != "http":
            await self._without_request(scope, receive, send)
            return
        stamp, began = _Stamp(send, _request_id(scope)), perf_counter()
        before = bind_contextvars(request_id=stamp.request_id)
        try:
            await self._answered(scope, receive, stamp)
        finally:
            self._note(scope, stamp.status, perf_counter() - began)
            reset_contextvars(**before)
        if AFTERWARDS in scope:
            await scope[AFTERWARDS]()

    async def _answered(self, scope: Scope, receive: Receive, stamp: "_Stamp") -> None:
        try:
            await self._app(scope, receive, stamp)
        except ClientDisconnect:
            return
        except Exception as error:
            if stamp.status:
                raise
            await _answer_to(error, scope, stamp.request_id)(scope, receive, stamp)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Measure a request, and log it if it was answered: by its route, for path and query may hold anything."""
        method, route = method_of(scope), route_of(scope)
        self._measure(method, route, status, seconds)
        if status and _log.isEnabledFor(logging.INFO):
            facts = {"method": method, "route": route, "status": status, "actor": scope.get(ACTOR)}
            _log.info("%s %s %s", method, route, status, extra={**facts, "duration_ms": round(seconds * 1_000, 1)})

    async def _without_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


class _Stamp:
    """Writes the request id on an answer, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[REQUEST_ID] = self.request_id
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _SANE_ID.fullmatch(given) else uuid4().hex


def method_of(scope: Scope) -> str:
    """Name the method, if it is one that there is: a caller may send any word for it."""
    method: str = scope["method"]
    return method if method in _METHODS else _OTHER


def route_of(scope: Scope) -> str:
    """Name the route and not the path, which may hold anything."""
    return getattr(scope.get("route"), "path", NO_ROUTE)


def _labels(request_id: str) -> Mapping[str, str]:
    return {"request_id": request_id}


def _answer_to(error: Exception, scope: Scope, request_id: str) -> Response:
    if isinstance(error, HTTPException):
        return from_protocol(error)
    if isinstance(error, DomainError):
        answer = from_error(error, Headers(scope=scope))
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("%s: %s", error.code, error.nameless, extra=_labels(request_id))
        return answer
    _log_fault(error, request_id)
    return internal(request_id)


def _log_fault(error: Exception, request_id: str) -> None:
    """Log where a fault of ours is. Its text stays out: an unforeseen exception may quote a secret."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("request %s failed: %s\n%s", request_id, type(error).__name__, frames, extra=_labels(request_id))
