"""Who may do what: every route asks for a bearer token with a grant, but for the health checks."""

import hashlib
import os
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.audit import acting_as
from app.http.denials import Denials
from app.http.peers import PEER_UID
from app.http.problems import status_of
from app.usecases.api_tokens import Authenticate
from domain.api_tokens import ADMIN, ApiToken
from domain.errors import NotAllowed, NotFound, Unauthenticated
from domain.instants import MINUTE_MS
from domain.ports import Clock
from domain.values import FORGES, SecretValue, has_control

OPEN_PATHS = frozenset({"/livez", "/readyz", "/healthz"})
CALLBACKS = frozenset(f"/oauth/{forge}/callback" for forge in FORGES)
"""Where forges send browsers back to: let in by a `state` and the cookie beside it, which the route checks."""

_READING = frozenset({"GET", "HEAD"})
_CALLER = "strongroom.caller"
_USE_NOTED_EVERY_MS = MINUTE_MS
_OURSELVES = ApiToken(id="peer", name="our own user", prefix="", digest=b"", grants=(ADMIN,), created_at=0)


def is_open(scope: Scope) -> bool:
    """Tell whether a request is answered at any time, and needs no token."""
    return scope["path"] in OPEN_PATHS and scope["method"] in _READING


def brings_its_own(scope: Scope) -> bool:
    """Tell whether a request is let in by what it brings itself instead of a token."""
    return scope["path"] in CALLBACKS and scope["method"] == "GET"


def caller_of(request: Request) -> ApiToken:
    """Return the token that the caller showed."""
    caller = request.scope[_CALLER]
    assert isinstance(caller, ApiToken)  # noqa: S101 - no route is reached without one
    return caller


class Access:
    """Lets a request through to the routes only with a grant for its method and its decoded path.

    All that is done for the request is done in the caller's name, and who is turned away is noted.
    """

    def __init__(self, app: ASGIApp, *, authenticate: Authenticate, denials: Denials, clock: Clock) -> None:
        self._app = app
        self._authenticate = authenticate
        self._denials = denials
        self._clock = clock
        self._uid = os.geteuid()
        self._quiet_until: dict[bytes, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; raises `Unauthenticated`, `NotAllowed` or `NotFound`."""
        if scope["type"] == "http" and not is_open(scope) and not brings_its_own(scope):
            await self._let_in(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = _OURSELVES if self._is_our_own(scope) else await self._recognised(scope)
        actor = _actor(caller, scope)
        try:
            _check(caller, scope)
            scope[_CALLER] = caller
            with acting_as(actor):
                await self._app(scope, receive, send)
        except NotAllowed as error:
            if status_of(type(error)) == HTTPStatus.FORBIDDEN:
                await self._denials.note(actor, _request(scope), error)
            raise

    async def _recognised(self, scope: Scope) -> ApiToken:
        shown = _shown(Headers(scope=scope))
        try:
            return await self._known(shown)
        except Unauthenticated as error:
            owner = await run_in_threadpool(self._authenticate.whose, shown)
            await self._denials.note(_actor(owner, scope), _request(scope), error)
            raise

    def _is_our_own(self, scope: Scope) -> bool:
        return bool(scope.get("state", {}).get(PEER_UID) == self._uid)

    async def _known(self, shown: SecretValue) -> ApiToken:
        """Recognise a token on the event loop, where that is one quick read.

        Once a minute its use is written down, which waits for the disk, so that call goes to a thread.
        """
        digest, now = hashlib.sha256(shown.reveal().encode()).digest(), self._clock.now()
        if now < self._quiet_until.get(digest, 0):
            return self._authenticate(shown)
        token = await run_in_threadpool(self._authenticate, shown)
        noted = token.last_used_at
        if noted is None or now - noted >= _USE_NOTED_EVERY_MS:
            noted = now
        self._quiet_until[digest] = noted + _USE_NOTED_EVERY_MS
        return token


def _check(caller: ApiToken, scope: Scope) -> None:
    if not caller.allows("read" if scope["method"] in _READING else "write", scope["path"]):
        raise NotAllowed("this token has no grant for this", advice="a grant names read or write and a path")
    if has_control(scope["path"]):
        raise NotFound("nothing is at this path")


def _actor(caller: ApiToken | None, scope: Scope) -> str:
    """Name a caller for the audit log: by its token, else by where it comes from."""
    if caller is not None and caller is not _OURSELVES:
        return f"token:{caller.id} {caller.name}"
    uid, client = scope.get("state", {}).get(PEER_UID), scope.get("client")
    return f"unknown:{client[0] if client else '-'}" if uid is None else f"peer:{uid}"


def _request(scope: Scope) -> str:
    return f"{scope['method']} {scope['path']}"


def _shown(headers: Headers) -> SecretValue:
    credentials = headers.getlist("authorization")
    scheme, _, token = credentials[0].partition(" ") if len(credentials) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("a bearer token is needed", advice="send Authorization: Bearer srt_…")
    return SecretValue(token.strip())
