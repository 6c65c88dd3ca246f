"""`/oauth`: how the operator's connection to each forge stands. No route here shows a token."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.http.routing import no_content, resource
from domain.errors import Integrity, NotFound
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore
from domain.values import FORGES


class OAuth:
    """One connection a forge, whether there is one or not."""

    def __init__(self, tokens: OAuthTokenStore) -> None:
        self._tokens = tokens

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            resource("/oauth", GET=self.page),
            resource("/oauth/{forge}", GET=self.show, DELETE=self.delete),
        ]

    async def page(self, _request: Request) -> Response:
        """List the three forges."""
        return JSONResponse({"oauth": [await run_in_threadpool(self._standing, forge) for forge in FORGES]})

    async def show(self, request: Request) -> Response:
        """Return how one forge stands."""
        return JSONResponse(await run_in_threadpool(self._standing, _forge(request)))

    async def delete(self, request: Request) -> Response:
        """Disconnect a forge."""
        if not await run_in_threadpool(self._tokens.delete, _forge(request)):
            raise NotFound("this forge is not connected")
        return no_content()

    def _standing(self, forge: str) -> dict[str, object]:
        """Say how a forge stands. A damaged row is one forge's trouble, and the others go on."""
        try:
            token = self._tokens.get(forge)
        except Integrity as error:
            return _described(forge, "needs_reauth", None, reason=error.message)
        return _described(forge, "connected" if token else "not_connected", token)


def _described(forge: str, status: str, token: OAuthToken | None, *, reason: str | None = None) -> dict[str, object]:
    return {
        "forge": forge,
        "status": status,
        "reason": reason,
        "account": None,
        "scopes": token and token.scopes,
        "expires_at": token and token.expires_at,
        "last_refresh_at": None,
        "last_error": None,
        "version": token.version if token else 0,
    }


def _forge(request: Request) -> str:
    forge = str(request.path_params["forge"])
    if forge not in FORGES:
        raise NotFound("no such forge", advice=f"one of {', '.join(FORGES)}")
    return forge
