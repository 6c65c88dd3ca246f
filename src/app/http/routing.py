"""A path and what each method does there."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]

NO_CONTENT = 204


def resource(path: str, **handlers: Handler) -> Route:
    """Return the one route of `path`, so that a refused method is told all that are allowed. HEAD is GET."""

    async def answer(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answer, methods=list(handlers))


def no_content() -> Response:
    """Say that it is done, and nothing else."""
    return Response(status_code=NO_CONTENT)
