"""`/migrations`: what became of the old files, and running the migrations again."""

from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.documents import migration_report, source_outcome
from app.http.bodies import read_body
from app.http.models import RunOptions
from app.http.routing import resource
from domain.migrations import LedgerEntry, MigrationReport
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

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            resource("/migrations", GET=self.page),
            resource("/migrations/run", POST=self.run),
        ]

    async def page(self, _request: Request) -> Response:
        """List the migrations, those that found nothing too."""
        return JSONResponse({"migrations": await run_in_threadpool(self._standing)})

    async def run(self, request: Request) -> Response:
        """Run the migrations, or say what they would do."""
        body = await read_body(request, RunOptions)
        return JSONResponse(migration_report(await run_in_threadpool(self._plan if body.dry_run else self._run)))

    def _standing(self) -> list[dict[str, object]]:
        latest = {migration.id: migration.sources for migration in self._ledger.latest()}
        entries = self._ledger.entries()
        return [
            {
                "id": id,
                "sources": [
                    {**source_outcome(source), "next_step": source.outcome.next_step} for source in latest.get(id, ())
                ],
                "imported": [_imported(entry) for entry in entries if entry.migration_id == id],
            }
            for id in self._ids
        ]


def _imported(entry: LedgerEntry) -> dict[str, object]:
    return {
        "file": entry.file,
        "records": entry.records,
        "imported_at": entry.imported_at,
        "removed_at": entry.removed_at,
    }
