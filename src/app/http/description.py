"""`/openapi.json`: the description of all that is served, open to everyone."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.http.openapi import document
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource


class Description:
    """Made once, of the resources that are given."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        own = self.routes()
        self.document = document([*resources, *own])

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [resource("/openapi.json", GET=self.show)]

    @operation(Operation(media_type="application/json", is_open=True))
    async def show(self, _request: Request) -> Response:
        """Return this document (OpenAPI 3.1)."""
        return JSONResponse(self.document)
