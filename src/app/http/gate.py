"""Nothing but health checks, description and metrics is served before the boot migrations have ended."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.access import is_open
from app.http.metrics import METRICS
from app.http.problems import not_ready
from app.http.readiness import Readiness


class Gate:
    """Answers 503 for the routes behind it until the service is ready."""

    def __init__(self, app: ASGIApp, *, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say why not yet."""
        reasons = self._readiness.reasons
        shut = reasons and scope["type"] == "http" and not is_open(scope) and scope["path"] != METRICS
        await (not_ready(reasons) if shut else self._app)(scope, receive, send)
