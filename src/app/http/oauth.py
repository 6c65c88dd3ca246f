"""`/oauth`: the operator's connection to each forge. One route gives an access token; none gives a refresh token."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from app import documents
from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.browsers import Browsers
from app.http.models import RefreshOptions
from app.http.operations import Operation, operation
from app.http.pages import html_page, wants_page
from app.http.problems import status_of
from app.http.routing import Resource, resource
from app.usecases.oauth.connect import BeginAuthorization, FinishAuthorization
from app.usecases.oauth.disconnect import Disconnect
from app.usecases.oauth.give_out import GiveOutAccessToken
from app.usecases.oauth.look import LookAtConnection
from app.usecases.oauth.refresh import RefreshConnection
from domain.connections import Connection
from domain.errors import DomainError, NotFound
from domain.values import FORGES, SecretValue

T = TypeVar("T")
_AT_ONCE = 16
"""How many requests may wait for one forge in threads of their own; further ones queue."""

_OF_FORGES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthActs:
    """The use cases behind the routes."""

    look: LookAtConnection
    begin: BeginAuthorization
    finish: FinishAuthorization
    refresh: RefreshConnection
    give_out: GiveOutAccessToken
    disconnect: Disconnect


class OAuth:
    """One connection a forge, whether there is one or not."""

    def __init__(self, acts: OAuthActs, browsers: Browsers) -> None:
        self._acts = acts
        self._browsers = browsers
        # Whoever waits for a forge waits among themselves: nothing else is held up behind them.
        self._waiting = {forge: CapacityLimiter(_AT_ONCE) for forge in FORGES}
        self._coming_back = CapacityLimiter(_AT_ONCE)

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/oauth", GET=self.page),
            resource("/oauth/{forge}", GET=self.show, DELETE=self.disconnect),
            resource("/oauth/{forge}/authorize", POST=self.authorize),
            resource("/oauth/{forge}/callback", GET=self.callback),
            resource("/oauth/{forge}/refresh", POST=self.refresh),
            resource("/oauth/{forge}/access-token", GET=self.access_token),
        ]

    @operation(Operation(answers=answers.ConnectionList))
    async def page(self, _request: Request) -> Response:
        """List the three forges."""
        return answer(answers.ConnectionList(oauth=[_shown(await self._look(forge)) for forge in FORGES]))

    @operation(Operation(answers=answers.Connection))
    async def show(self, request: Request) -> Response:
        """Return how one forge stands."""
        return answer(_shown(await self._look(_forge(request))))

    @operation(Operation(answers=answers.BegunAuthorization, refuses=(HTTPStatus.CONFLICT,)))
    async def authorize(self, request: Request) -> Response:
        """Begin to connect a forge: the address to send the browser to, which is known again by a cookie."""
        starter = self._browsers.known_or_new(request)
        begun = await to_thread.run_sync(partial(self._acts.begin, _forge(request), starter=starter))
        response = answer(answers.BegunAuthorization(authorization_url=begun.url), headers=_NO_STORE)
        self._browsers.remember(response, starter)
        return response

    @operation(Operation(answers=answers.Connection, refuses=_OF_FORGES, is_open=True))
    async def callback(self, request: Request) -> Response:
        """Take a browser back from a forge. Let in by `state` and cookie; a person is answered with a page."""
        if not wants_page(request.headers):
            return await self._came_back(request)
        try:
            return await self._came_back(request)
        except DomainError as error:
            return html_page("Not connected", error.message, error.advice or "", status=status_of(type(error)))

    async def _came_back(self, request: Request) -> Response:
        forge, told = _forge(request), SecretValue(request.url.query)
        starter = self._browsers.known(request)
        waits = partial(self._acts.finish.waits_at_terminal, forge, told)
        if await to_thread.run_sync(waits, limiter=self._coming_back):
            return html_page("Go back to the terminal", f"It goes on there, and says whether {forge} is connected.")
        finish = partial(self._acts.finish, forge, told, starter=starter)
        token = await to_thread.run_sync(finish, limiter=self._coming_back)
        if wants_page(request.headers):
            who = f"as {token.account}" if token.account else "now"
            return html_page("Connected", f"{forge} is connected {who}. This page can be closed.")
        return answer(_shown(await self._look(forge)), headers=_NO_STORE)

    @operation(Operation(takes=RefreshOptions, answers=answers.Connection, refuses=(HTTPStatus.CONFLICT,)))
    async def refresh(self, request: Request) -> Response:
        """Refresh a token, or see that it was; says how the connection stands, without a token."""
        forge, body = _forge(request), await read_body(request, RefreshOptions)
        if body.rejected is None:
            await self._in_line(forge, partial(self._acts.refresh.force, forge))
        else:
            await self._in_line(forge, partial(self._acts.refresh, forge, rejected=body.rejected))
        return answer(_shown(await self._look(forge)))

    @operation(Operation(answers=answers.AccessToken, refuses=(HTTPStatus.CONFLICT,)))
    async def access_token(self, request: Request) -> Response:
        """Give an access token out, refreshed if need be."""
        forge = _forge(request)
        token = await self._in_line(forge, partial(self._acts.give_out, forge))
        shown = answers.AccessToken(access_token=token.access_token.reveal(), expires_at=token.expires_at)
        return answer(shown, headers=_NO_STORE)

    @operation(Operation(answers=answers.Disconnected, refuses=(HTTPStatus.CONFLICT,)))
    async def disconnect(self, request: Request) -> Response:
        """End a connection; a second time there is nothing left to end, and that is well, too."""
        ended = await to_thread.run_sync(partial(self._acts.disconnect, _forge(request)))
        return answer(answers.Disconnected.of(documents.disconnected(ended)))

    async def _look(self, forge: str) -> Connection:
        return await to_thread.run_sync(self._acts.look, forge)

    async def _in_line(self, forge: str, act: Callable[[], T]) -> T:
        return await to_thread.run_sync(act, limiter=self._waiting[forge])


def _forge(request: Request) -> str:
    forge = str(request.path_params["forge"])
    if forge not in FORGES:
        raise NotFound("no such forge", advice=f"one of {', '.join(FORGES)}")
    return forge


def _shown(connection: Connection) -> answers.Connection:
    return answers.Connection.of(documents.oauth_connection(connection))
