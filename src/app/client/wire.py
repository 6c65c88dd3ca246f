"""Two drivers of the same conversations, one that waits and one that is awaited. Loading this loads the HTTP library.

They stand on its transports, below all that follows redirects, keeps cookies, or asks the environment for
a proxy: a token goes to the one address that was given, and nothing is sent twice.
"""

import ssl
from collections.abc import Mapping
from typing import TypeVar, cast

import httpx2

from app.client.exchange import Answer, Conversation, NotUnderstood, Request
from app.client.faults import FAULTS, no_answer, not_ours
from app.client.line import Line
from domain.errors import Invalid

T = TypeVar("T")
_KEPT_S = 2.0
"""How long an idle connection is kept: less than the 5 s of the service, so that none is used as it ends it."""

_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=_KEPT_S)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "strongroom-client"}


class Wire:
    """Holds conversations with the service, and waits. Safe to share between threads."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport = httpx2.HTTPTransport(
            verify=_trust(line), trust_env=False, limits=_LIMITS, uds=line.place.socket
        )

    def hold(self, conversation: Conversation[T]) -> T:
        """Send what a conversation asks until it has its result."""
        try:
            return self._hold(conversation)
        except NotUnderstood as odd:
            fault = not_ours(self._line, odd)
        raise fault

    def _hold(self, conversation: Conversation[T]) -> T:
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._exchange(request))
        except StopIteration as end:
            return cast("T", end.value)

    def _exchange(self, request: Request) -> Answer:
        try:
            response = self._transport.handle_request(_as_sent(self._line, request))
            try:
                return Answer(response.status_code, _lower(response), response.read())
            finally:
                response.close()
        except FAULTS as error:
            fault = no_answer(self._line, error)
        raise fault  # out here it has no context, which may quote what was sent

    def close(self) -> None:
        """End the connections."""
        self._transport.close()


class AsyncWire:
    """Holds conversations with the service, and is awaited."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport = httpx2.AsyncHTTPTransport(
            verify=_trust(line), trust_env=False, limits=_LIMITS, uds=line.place.socket
        )

    async def hold(self, conversation: Conversation[T]) -> T:
        """Send what a conversation asks until it has its result."""
        try:
            return await self._hold(conversation)
        except NotUnderstood as odd:
            fault = not_ours(self._line, odd)
        raise fault

    async def _hold(self, conversation: Conversation[T]) -> T:
        try:
            request = next(conversation)
            while True:
                request = conversation.send(await self._exchange(request))
        except StopIteration as end:
            return cast("T", end.value)

    async def _exchange(self, request: Request) -> Answer:
        try:
            response = await self._transport.handle_async_request(_as_sent(self._line, request))
            try:
                return Answer(response.status_code, _lower(response), await response.aread())
            finally:
                await response.aclose()
        except FAULTS as error:
            fault = no_answer(self._line, error)
        raise fault

    async def close(self) -> None:
        """End the connections."""
        await self._transport.aclose()


def _as_sent(line: Line, request: Request) -> httpx2.Request:
    """Return a request as it goes out; the token is in it, and in nothing that outlives it."""
    shown = {"Authorization": f"Bearer {line.token.reveal()}"} if line.token else {}
    return httpx2.Request(
        request.method,
        line.place.base + request.target,
        headers={**_HEADERS, **request.headers, **shown},
        content=request.body,
        extensions={"timeout": httpx2.Timeout(line.timeout_s).as_dict()},
    )


def _lower(response: httpx2.Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _trust(line: Line) -> ssl.SSLContext:
    """Return whom to trust: where no TLS is spoken, nobody."""
    if not line.place.speaks_tls:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=line.authority)
    except OSError as error:  # ssl.SSLError is one, too
        reason = error.strerror or type(error).__name__
    raise Invalid(
        f"the certificate authority {line.authority} cannot be read: {reason}", advice="verify= is a file in PEM form"
    )
