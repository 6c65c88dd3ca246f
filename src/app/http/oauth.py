"""`/oauth`: how the operator's connection to each forge stands. No route here shows a token."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.documents import oauth_connection
from app.http.routing import no_content, resource
from app.usecases.look_at_connection import LookAtConnection
from domain.errors import NotFound
from domain.ports import OAuthTokenStore
from domain.values import FORGES


class OAuth:
    """One connection a forge, whether there is one or not."""

    def __init__(self, tokens: OAuthTokenStore, look: LookAtConnection) -> None:
        self._tokens = tokens
        self._look = look

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            resource("/oauth", GET=self.page),
            resource("/oauth/{forge}", GET=self.show, DELETE=self.delete),
        ]

    async def page(self, _request: Request) -> Response:
        """List the three forges."""
        return JSONResponse(
            {"oauth": [await run_in_threadpool(oauth_connection, forge, self._look) for forge in FORGES]}
        )

    async def show(self, request: Request) -> Response:
        """Return how one forge stands."""
        return JSONResponse(await run_in_threadpool(oauth_connection, _forge(request), self._look))

    async def delete(self, request: Request) -> Response:
        """Disconnect a forge."""
        if not await run_in_threadpool(self._tokens.delete, _forge(request)):
            raise NotFound("this forge is not connected")
        return no_content()


def _forge(request: Request) -> str:
    forge = str(request.path_params["forge"])
    if forge not in FORGES:
        raise NotFound("no such forge", advice=f"one of {', '.join(FORGES)}")
    return forge
