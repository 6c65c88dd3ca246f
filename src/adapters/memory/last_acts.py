"""The newest event on each subject, out of an audit log in memory."""

import sys
from collections.abc import Mapping

from typing_extensions import override

from domain.audit import Action
from domain.ports import AuditLog, LastAct, LastActs


class MemoryLastActs(LastActs):
    """Goes through the whole `log`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    @override
    def of(self, action: Action, *, subject: str | None = None) -> Mapping[str, LastAct]:
        newest_first = self._log.list(action=action, subject=subject, limit=sys.maxsize)
        return {event.subject: LastAct(event.at, event.actor) for event in reversed(newest_first)}
