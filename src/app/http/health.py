"""`/livez`, `/readyz` and `/healthz`: open to everyone, so they say nothing but how it stands."""

import logging
from collections import Counter
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.operations import Operation, operation
from app.http.problems import not_ready
from app.http.readiness import Readiness
from app.http.routing import Resource, resource
from domain.errors import DomainError, Integrity
from domain.ports import AuditLog, MigrationLedger

_READINESS = Operation(answers=answers.Ready, is_open=True, refuses=(HTTPStatus.SERVICE_UNAVAILABLE,))
_SILENT_DATABASE = "the database does not answer"
_BROKEN_LOG = "the audit log is not as it was recorded: no secret is read or written"
_log = logging.getLogger("strongroom.http")


class Health:
    """Alive without a look at the database; ready when the boot has ended and the database answers."""

    def __init__(self, readiness: Readiness, ledger: MigrationLedger, audit: AuditLog) -> None:
        self._readiness = readiness
        self._ledger = ledger
        self._audit = audit

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/livez", GET=self.live),
            resource("/readyz", GET=self.ready),
            resource("/healthz", GET=self.healthy),
        ]

    @operation(Operation(answers=answers.Alive, is_open=True))
    async def live(self, _request: Request) -> Response:
        """Say that the process serves."""
        return answer(answers.Alive(status="alive"))

    @operation(_READINESS)
    async def healthy(self, request: Request) -> Response:
        """Say the same as `/readyz`, under its older name."""
        return await self.ready(request)

    @operation(_READINESS)
    async def ready(self, _request: Request) -> Response:
        """Say whether the service can be used, and how many old files wait for a person."""
        if reasons := self._readiness.reasons:
            return not_ready(reasons)
        try:
            latest = await run_in_threadpool(self._ledger.latest)
            await run_in_threadpool(self._audit.check)
        except Integrity as error:
            _log.error("%s: %s", error.code, error.nameless)
            return not_ready([_BROKEN_LOG])
        except DomainError as error:
            _log.warning("%s: %s", error.code, error.nameless)
            return not_ready([_SILENT_DATABASE])
        outcomes = [source.outcome for migration in latest for source in migration.sources]
        attention = sum(outcome.needs_attention for outcome in outcomes)
        return answer(answers.Ready(status="ready", attention=attention, migrations=Counter(outcomes)))
