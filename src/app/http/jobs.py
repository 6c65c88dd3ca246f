"""`/jobs`: what the service does by itself, and how that went."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents import job_document
from app.http import answers
from app.http.answers import answer
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from app.usecases.jobs.schedule import Schedule


class Jobs:
    """Jobs by name."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [resource("/jobs", GET=self.page)]

    @operation(Operation(answers=answers.JobList))
    async def page(self, _request: Request) -> Response:
        """List the jobs: when each ran last, when it is due, and what went wrong."""
        views = await run_in_threadpool(self._schedule.look)
        return answer(answers.JobList(jobs=[answers.Job.of(job_document(view)) for view in views]))
