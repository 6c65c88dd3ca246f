"""`/backups`: which there are, making, checking and pruning. Restoring is a command: it replaces what this serves."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents import retention_document
from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import RunOptions
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from app.usecases.backups.prune import PruneBackups
from domain.backups import Backup, Retention
from domain.ports import BackupStore
from domain.retention import RetentionPlan


class Backups:
    """Backups by the name of their file."""

    def __init__(self, backups: BackupStore, prune: PruneBackups, *, keep: Callable[[], Retention]) -> None:
        self._backups = backups
        self._prune = prune
        self._keep = keep

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/backups", GET=self.page, POST=self.create),
            resource("/backups/prune", POST=self.prune),
            resource("/backups/{name}/verify", POST=self.verify),
        ]

    @operation(Operation(answers=answers.BackupList))
    async def page(self, _request: Request) -> Response:
        """List the backups, newest first, by what their manifests say."""
        newest_first = (await run_in_threadpool(self._backups.list))[::-1]
        return answer(answers.BackupList(backups=list(map(_shown, newest_first))))

    @operation(Operation(answers=answers.Backup, status=HTTPStatus.CREATED, at_most_once=True))
    async def create(self, _request: Request) -> Response:
        """Make a backup, and answer when it is verified."""
        return answer(_shown(await run_in_threadpool(self._backups.create)), HTTPStatus.CREATED)

    @operation(Operation(answers=answers.Backup, at_most_once=True))
    async def verify(self, request: Request) -> Response:
        """Check a backup again: its bytes, its tables, and that every value in it opens."""
        return answer(_shown(await run_in_threadpool(self._backups.verify, request.path_params["name"])))

    @operation(Operation(takes=RunOptions, answers=answers.Retained, at_most_once=True))
    async def prune(self, request: Request) -> Response:
        """Remove the backups that are not kept any longer, or say which would go."""
        body = await read_body(request, RunOptions)
        plan = await run_in_threadpool(self._pruned, dry_run=body.dry_run)
        return answer(answers.Retained.of(retention_document(plan, dry_run=body.dry_run)))

    def _pruned(self, *, dry_run: bool) -> RetentionPlan:
        return self._prune(self._keep(), dry_run=dry_run)


def _shown(backup: Backup) -> answers.Backup:
    return answers.Backup.of(backup)
