"""Who may do what: every route asks for a grant of the caller's, but for the health checks and the description."""

from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.audit import acting_as
from app.http.denials import Denials
from app.http.envelope import ACTOR, AFTERWARDS
from app.http.problems import status_of
from app.http.recognition import Recognition, actor_of, request_of
from domain.api_tokens import ApiToken
from domain.errors import NotAllowed, NotFound
from domain.values import FORGES, has_control

OPEN_PATHS = frozenset({"/livez", "/readyz", "/healthz", "/openapi.json"})
CALLBACKS = frozenset(f"/oauth/{forge}/callback" for forge in FORGES)
"""Where forges send browsers back to: let in by a `state` and the cookie beside it, which the route checks."""

_READING = frozenset({"GET", "HEAD", "LIST"})
_CALLER = "strongroom.caller"


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

    All that is done for the request is done in the caller's name, and who is turned away is noted. What
    starts with one of `for_all` is open to every token that we know.
    """

    def __init__(
        self, app: ASGIApp, *, recognition: Recognition, denials: Denials, for_all: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._recognition = recognition
        self._denials = denials
        self._for_all = for_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; raises `Unauthenticated`, `NotAllowed`, `NotFound` or `RateLimited`."""
        if scope["type"] == "http" and not is_open(scope):
            if not brings_its_own(scope):
                await self._let_in(scope, receive, send)
                return
            self._recognition.admit_stranger(scope)
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._recognition.caller(scope)
        scope[_CALLER], scope[ACTOR] = caller, actor_of(caller, scope)
        scope[AFTERWARDS] = partial(self._recognition.note_use, caller)
        try:
            self._check(caller, scope)
            with acting_as(scope[ACTOR]):
                await self._app(scope, receive, send)
        except NotAllowed as error:
            if status_of(type(error)) == HTTPStatus.FORBIDDEN:
                await self._denials.note(scope[ACTOR], request_of(scope), error)
            raise

    def _check(self, caller: ApiToken, scope: Scope) -> None:
        action, path = "read" if scope["method"] in _READING else "write", scope["path"]
        if not caller.allows(action, path) and not (action == "read" and path.startswith(self._for_all)):
            raise NotAllowed("this token has no grant for this", advice="a grant names read or write and a path")
        if has_control(path):
            raise NotFound("nothing is at this path")
