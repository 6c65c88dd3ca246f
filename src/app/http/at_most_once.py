"""Idempotency-Key: a request that is sent again under its name is answered again, and not done again.

The name of draft-ietf-httpapi-idempotency-key-header-07, an opaque text, counts for one caller. It is looked
up before any precondition: the first answer is the answer, although an ETag has moved on since.
"""

import json
import logging
import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.http.access import caller_of
from app.http.operations import Operation
from app.http.routing import Handler, Resource
from domain.errors import Conflict, DomainError, Invalid
from domain.instants import format_instant
from domain.ports import Cipher, NamedRequests
from domain.requests import NamedRequest, Reply

P = ParamSpec("P")
_HEADER = "idempotency-key"
_NAME = re.compile(r"[!-~]{1,255}")
_AGAIN = {"Idempotency-Replayed": "true"}
_log = logging.getLogger("strongroom.http")


class KeyReused(Invalid):
    """One Idempotency-Key came with two different requests."""

    code = "idempotency_key_reused"


class NotAnsweredYet(Conflict):
    """The request of this Idempotency-Key was begun and has no answer: it is being done, or its process ended."""

    code = "request_unfinished"


class ShownOnce(Conflict):
    """The request of this Idempotency-Key was answered with a value that is shown once."""

    code = "shown_once"


class AtMostOnce:
    """Guards the operations that are declared to be done at most once."""

    def __init__(self, requests: NamedRequests, cipher: Cipher) -> None:
        self._requests = requests
        self._cipher = cipher

    def guard(self, resource: Resource) -> Resource:
        """Have the operations of `resource` that are declared so heed the header; returns it."""
        for method, operation in resource.operations.items():
            if operation.at_most_once:
                resource.handlers[method] = self._guarded(resource.handlers[method], operation)
        return resource

    def _guarded(self, handler: Handler, operation: Operation) -> Handler:
        @wraps(handler)
        async def once(request: Request) -> Response:
            name = _name_in(request.headers)
            if name is None:
                return await handler(request)
            key, fingerprint = self._key(request, name), self._fingerprint(request, await request.body())
            known = await run_in_threadpool(self._requests.begin, key, fingerprint)
            if known is not None:
                return _again(known, fingerprint, operation)
            return await self._done(key, handler, request, operation)

        return once

    async def _done(self, key: str, handler: Handler, request: Request, operation: Operation) -> Response:
        """Do what was asked and keep the answer. What was refused did nothing, and may be asked again.

        After a fault that nobody foresaw it is not known what was done, so the request stays one without answer.
        """
        try:
            response = await handler(request)
        except (DomainError, HTTPException):
            await self._note(self._requests.abandon, key)
            raise
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            await self._note(self._requests.abandon, key)
        else:
            await self._note(self._requests.finish, key, _reply(response, operation))
        return response

    async def _note(self, act: Callable[P, None], *args: P.args, **more: P.kwargs) -> None:
        """Note how a request ended. If that fails it is answered all the same; asked again, it has no answer yet."""
        try:
            await run_in_threadpool(act, *args, **more)
        except DomainError as error:
            _log.warning("how a request ended could not be kept for a second one: %s", error.message)

    def _key(self, request: Request, name: str) -> str:
        return self._cipher.digest("idempotency_key", f"{caller_of(request).id} {name}".encode())

    def _fingerprint(self, request: Request, body: bytes) -> str:
        scope = request.scope
        asked = b"\n".join((scope["method"].encode(), scope["raw_path"], scope["query_string"], body))
        return self._cipher.digest("idempotent_request", asked)


def _name_in(headers: Headers) -> str | None:
    given = headers.getlist(_HEADER)
    if not given:
        return None
    if len(given) > 1 or not _NAME.fullmatch(given[0]):
        raise Invalid("Idempotency-Key is not one text of 1 to 255 visible ASCII characters")
    return given[0]


def _reply(response: Response, operation: Operation) -> Reply:
    """Return what is kept of an answer: of one that shows a value once, only what it is known by."""
    body = bytes(response.body).decode()
    if operation.shown_once:
        body = json.dumps({"id": json.loads(body)["id"]})
    return Reply(status=response.status_code, body=body, etag=response.headers.get("etag"))


def _again(known: NamedRequest, fingerprint: str, operation: Operation) -> Response:
    if known.fingerprint != fingerprint:
        raise KeyReused(
            "this Idempotency-Key came with another request before", advice="use a new one for each request"
        )
    if known.reply is None:
        raise NotAnsweredYet(
            f"a request with this Idempotency-Key was begun {format_instant(known.begun_at)} and has no answer yet",
            advice="ask again in a moment; if it stays so, the service ended in the middle of it: "
            "look whether it was done, then use a new key",
        )
    if operation.shown_once:
        made = json.loads(known.reply.body)["id"]
        raise ShownOnce(
            f"this request was done, and its answer is not shown a second time; what it made has the id {made}",
            advice="revoke that one and make another with a new Idempotency-Key",
        )
    headers = _AGAIN if known.reply.etag is None else {**_AGAIN, "ETag": known.reply.etag}
    return Response(known.reply.body, known.reply.status, headers, media_type="application/json")
