"""Requests that are given up because the service ends are told so."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.problems import not_ready

_STOPPING = "the service is stopping; this request was given up, and may have been done or not"


class CutOff:
    """Answers 503 instead of a cancelled request, as long as nothing was answered yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_begun = scope["type"] != "http"

        async def noting(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if is_begun:
                raise
            await not_ready([_STOPPING])(scope, receive, send)
