"""One request to a forge and its raw answer: one deadline, no redirect followed, nothing sent twice, nothing told.

An answer is a status, headers and at most 64 KiB. What was not answered is `ForgeFailed`, which says
whether the forge may have acted. The client is loaded when the first request is made.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from domain.errors import ForgeFailed
from domain.oauth import OAuthClient
from domain.values import SecretValue

if TYPE_CHECKING:  # loaded late
    from asyncio import AbstractEventLoop

    import httpx2
    from authlib.integrations.httpx_client import AsyncOAuth2Client

PATIENCE_S = 15.0
_CONNECT_S = 5.0
_LIMIT = 64 * 1_024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, of which no form but its fields shows more than the status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class _Answered(Exception):
    """Carries an answer past whatever would interpret it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class _TooLong(Exception):
    """The answer is longer than any of a forge."""


def token_request(client: OAuthClient, url: str, **parameters: str) -> Answer:
    """Send a request to a token endpoint (RFC 6749, section 4.1.3 and 6), as the client authenticates there."""

    async def send(session: "AsyncOAuth2Client") -> None:
        if parameters["grant_type"] == "refresh_token":
            await session.refresh_token(url, refresh_token=parameters["refresh_token"], headers=dict(_HEADERS))
        else:
            await session.fetch_token(url, headers=dict(_HEADERS), **parameters)

    return _answer(client.forge, send, client, within_s=PATIENCE_S)


def revocation_request(client: OAuthClient, url: str, token: SecretValue, hint: str, *, within_s: float) -> Answer:
    """Send a request to a revocation endpoint (RFC 7009, section 2.1)."""

    async def send(session: "AsyncOAuth2Client") -> None:
        await session.revoke_token(url, token=token.reveal(), token_type_hint=hint, headers=dict(_HEADERS))

    return _answer(client.forge, send, client, within_s=within_s)


def request(  # noqa: PLR0913 - of an HTTP request, what these need
    forge: str,
    method: str,
    url: str,
    *,
    token: SecretValue | None = None,
    scheme: str = "Bearer",
    basic: OAuthClient | None = None,
    json: Mapping[str, str] | None = None,
    within_s: float,
) -> Answer:
    """Send any other request, as the owner of a token (`scheme` is what the forge calls it) or as our client."""
    headers = {**_HEADERS, **({"Authorization": f"{scheme} {token.reveal()}"} if token else {})}

    async def send(session: "AsyncOAuth2Client") -> None:
        credentials = (basic.id, basic.secret.reveal() if basic.secret else "") if basic else None
        await session.request(method, url, withhold_token=True, auth=credentials, headers=headers, json=json)

    return _answer(forge, send, None, within_s=within_s)


def _answer(
    forge: str,
    send: Callable[["AsyncOAuth2Client"], Awaitable[None]],
    client: OAuthClient | None,
    *,
    within_s: float,
) -> Answer:
    import asyncio  # noqa: PLC0415 - with the client 150 ms that only those pay who ask

    import httpx2  # noqa: PLC0415

    try:
        with asyncio.Runner(loop_factory=_impatient_loop) as runner:
            return runner.run(_exchange(send, client, within_s))
    except (_TooLong, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        fault = _fault(forge, error, within_s)
    raise fault  # out here it has no context, which may quote what was sent


def _impatient_loop() -> "AbstractEventLoop":
    """Return an event loop that does not wait at its end for a thread that asks a name server in vain."""
    import asyncio  # noqa: PLC0415

    class Impatient(asyncio.SelectorEventLoop):
        @override
        async def shutdown_default_executor(self, timeout: float | None = None) -> None:
            pass  # closing the loop lets its threads go

    return Impatient()


async def _exchange(
    send: Callable[["AsyncOAuth2Client"], Awaitable[None]], client: OAuthClient | None, within_s: float
) -> Answer:
    import asyncio  # noqa: PLC0415

    import httpx2  # noqa: PLC0415
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: PLC0415

    session = AsyncOAuth2Client(
        client_id=client.id if client else None,
        client_secret=client.secret.reveal() if client and client.secret else None,
        token_endpoint_auth_method="client_secret_post" if client and client.secret else "none",
        revocation_endpoint_auth_method="client_secret_post" if client and client.secret else "none",
        follow_redirects=False,
        timeout=httpx2.Timeout(within_s, connect=_CONNECT_S),
        # What Authlib makes of an answer says too little: GitHub's refusals come with status 200, and its exceptions
        # quote what they could not read. So the raw answer leaves before it is looked at.
        event_hooks={"response": [_leave_with_answer]},
    )
    async with asyncio.timeout(within_s), session:
        try:
            await send(session)
        except _Answered as answered:
            return answered.answer
    raise RuntimeError("a request was neither answered nor failed")


async def _leave_with_answer(response: "httpx2.Response") -> None:
    content = b""
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _LIMIT:
            raise _TooLong
    headers = {name.lower(): value for name, value in response.headers.items()}
    raise _Answered(Answer(response.status_code, headers, content))


def _fault(forge: str, error: Exception, within_s: float) -> ForgeFailed:
    """Say what went wrong on the way, by the kind of the exception: what it says may quote what was sent."""
    import httpx2  # noqa: PLC0415

    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpx2.ConnectError | httpx2.ConnectTimeout):
        return _no_answer(forge, f"cannot be reached ({type(error).__name__})", may_have_acted=False)
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return _no_answer(forge, f"gives no answer within {within_s:.0f} seconds", may_have_acted=True)
    if isinstance(error, _TooLong):
        return _no_answer(forge, "answers with more than a forge has to say", may_have_acted=True)
    return _no_answer(forge, f"broke off ({type(error).__name__})", may_have_acted=True)


def _no_answer(forge: str, what: str, *, may_have_acted: bool) -> ForgeFailed:
    return ForgeFailed(
        f"{forge} {what}",
        advice=f"check STRONGROOM_{forge.upper()}_URL and the network",
        may_have_acted=may_have_acted,
    )
