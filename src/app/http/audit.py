"""`/audit`: the events of the audit log. No event holds a value."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.operations import Operation, operation
from app.http.queries import AuditQuery, read_query
from app.http.routing import Resource, resource
from app.usecases.read_audit import ReadAudit, Wanted


class Audit:
    """Events, newest first."""

    def __init__(self, read: ReadAudit) -> None:
        self._read = read

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [resource("/audit", GET=self.page)]

    @operation(Operation(query=AuditQuery, answers=answers.AuditPage))
    async def page(self, request: Request) -> Response:
        """List events that match the query."""
        query = read_query(request, AuditQuery)
        wanted = Wanted(
            action=query.action, actor=query.actor, subject=query.subject, since=query.since, before=query.before
        )
        events, further = await run_in_threadpool(self._read, wanted, limit=query.limit)
        return answer(answers.AuditPage(events=list(map(answers.AuditEvent.of, events)), next=further))
