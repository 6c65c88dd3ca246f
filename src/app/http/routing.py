"""A path and what each method does there."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import Invalid

Handler = Callable[[Request], Awaitable[Response]]

NO_CONTENT = 204


def resource(path: str, **handlers: Handler) -> Route:
    """Return the one route of `path`, so that a refused method is told all that are allowed. HEAD is GET."""

    async def answer(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answer, methods=list(handlers))


def whole_number(query: QueryParams, name: str, *, highest: int) -> int | None:
    """Return a number from 1 to `highest` out of the query, None if it is not there; raises `Invalid`."""
    raw = query.get(name)
    if raw is None:
        return None
    digits = raw if raw.isascii() and raw.isdecimal() and len(raw) <= len(str(highest)) else "0"
    if not 1 <= int(digits) <= highest:
        raise Invalid(f"{name} is not a whole number from 1 to {highest}")
    return int(digits)


def no_content() -> Response:
    """Say that it is done, and nothing else."""
    return Response(status_code=NO_CONTENT)
