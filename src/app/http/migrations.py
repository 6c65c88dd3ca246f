"""`/migrations`: what became of the old files, and running the migrations again."""

from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents import migration_report, source_outcome
from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import RunOptions
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from domain.migrations import MigrationReport, SourceOutcome
from domain.ports import MigrationLedger


class Migrations:
    """The migrations by `ids`, each with its latest outcomes and with all that it ever brought in.

    `run` moves the files, `plan` says what that would do.
    """

    def __init__(
        self,
        ledger: MigrationLedger,
        ids: Sequence[str],
        *,
        run: Callable[[], MigrationReport],
        plan: Callable[[], MigrationReport],
    ) -> None:
        self._ledger = ledger
        self._ids = ids
        self._run = run
        self._plan = plan

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/migrations", GET=self.page),
            resource("/migrations/run", POST=self.run),
        ]

    @operation(Operation(answers=answers.MigrationList))
    async def page(self, _request: Request) -> Response:
        """List the migrations, those that found nothing too."""
        return answer(answers.MigrationList(migrations=await run_in_threadpool(self._standing)))

    @operation(Operation(takes=RunOptions, answers=answers.MigrationReport, at_most_once=True))
    async def run(self, request: Request) -> Response:
        """Run the migrations, or say what they would do."""
        body = await read_body(request, RunOptions)
        report = await run_in_threadpool(self._plan if body.dry_run else self._run)
        return answer(answers.MigrationReport.of(migration_report(report)))

    def _standing(self) -> list[answers.MigrationStanding]:
        latest = {migration.id: migration.sources for migration in self._ledger.latest()}
        entries = self._ledger.entries()
        return [
            answers.MigrationStanding(
                id=id,
                sources=list(map(_source, latest.get(id, ()))),
                imported=[answers.Import.of(entry) for entry in entries if entry.migration_id == id],
            )
            for id in self._ids
        ]


def _source(source: SourceOutcome) -> answers.SourceStanding:
    return answers.SourceStanding.of({**source_outcome(source), "next_step": source.outcome.next_step})
