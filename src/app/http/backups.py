"""`/backups`: which there are, making one, and checking one. Restoring is a command, for it replaces this service."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.operations import Operation, operation
from app.http.routing import Resource, resource
from domain.backups import Backup
from domain.ports import BackupStore


class Backups:
    """Backups by the name of their file."""

    def __init__(self, backups: BackupStore) -> None:
        self._backups = backups

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/backups", GET=self.page, POST=self.create),
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


def _shown(backup: Backup) -> answers.Backup:
    return answers.Backup.of(backup)
