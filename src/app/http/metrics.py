"""`/metrics`: what is counted and measured, for Prometheus. It asks for a token, as every other route does."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from app.metrics import CONTENT_TYPE

METRICS = "/metrics"
_NOT_STORED = {"Cache-Control": "no-store"}


class MetricsPage:
    """Rendered anew for each scrape, off the event loop: it reads the database."""

    def __init__(self, render: Callable[[], bytes]) -> None:
        self._render = render

    def routes(self) -> list[Resource]:
        """Return the route."""
        return [resource(METRICS, GET=self.page)]

    @operation(Operation(media_type="text/plain"))
    async def page(self, _request: Request) -> Response:
        """Return the metrics in Prometheus's text format."""
        text = await run_in_threadpool(self._render)
        return Response(text, media_type=CONTENT_TYPE, headers=_NOT_STORED)
