"""`/audit`: the events of the audit log. No event holds a value."""

from dataclasses import asdict

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.http.routing import resource, whole_number
from app.usecases.read_audit import ReadAudit, Wanted

DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 1_000
_HIGHEST_SEQUENCE = 10**18


class Audit:
    """Events, newest first."""

    def __init__(self, read: ReadAudit) -> None:
        self._read = read

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [resource("/audit", GET=self.page)]

    async def page(self, request: Request) -> Response:
        """List events that match the query; `next` is what to send as `before` for more."""
        query = request.query_params
        wanted = Wanted(
            action=query.get("action"),
            actor=query.get("actor"),
            subject=query.get("subject"),
            since=query.get("since"),
            before=whole_number(query, "before", highest=_HIGHEST_SEQUENCE),
        )
        limit = whole_number(query, "limit", highest=HIGHEST_LIMIT) or DEFAULT_LIMIT
        events, further = await run_in_threadpool(self._read, wanted, limit=limit)
        return JSONResponse({"events": [asdict(event) for event in events], "next": further})
