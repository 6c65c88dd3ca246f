"""A path, what each method does there, and what is declared of it."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope
from typing_extensions import override

from app.http.operations import Operation, operation_of

Handler = Callable[[Request], Awaitable[Response]]

NO_CONTENT = 204


class Resource(Route):
    """The one route of a path, so that a refused method is told all that are allowed. HEAD is GET."""

    def __init__(self, path: str, handlers: Mapping[str, Handler]) -> None:
        super().__init__(path, self._answer, methods=list(handlers))
        self.handlers = dict(handlers)
        self.is_spelled_out = not self.param_convertors
        """Whether paths that match are ours whatever the method, so that no pattern behind us gets them."""
        self.operations: Mapping[str, Operation] = {method: operation_of(each) for method, each in handlers.items()}

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL and self.is_spelled_out else match), child

    async def _answer(self, request: Request) -> Response:
        return await self.handlers["GET" if request.method == "HEAD" else request.method](request)


def resource(path: str, **handlers: Handler) -> Resource:
    """Return the resource at `path`; each keyword is a method."""
    return Resource(path, handlers)


def no_content() -> Response:
    """Say that it is done, and nothing else."""
    return Response(status_code=NO_CONTENT)
