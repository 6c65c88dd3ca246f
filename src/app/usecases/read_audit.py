"""Read the audit log, a page at a time."""

from dataclasses import dataclass

from domain.audit import Action, AuditEvent
from domain.errors import Invalid
from domain.instants import parse_instant
from domain.ports import AuditLog, Clock
from domain.values import parse_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events: those that match all that is given. `since` is a duration back from now, or an instant."""

    action: str | None = None
    actor: str | None = None
    subject: str | None = None
    since: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAudit:
    """Newest events first."""

    audit: AuditLog
    clock: Clock

    def __call__(self, wanted: Wanted, *, limit: int) -> tuple[list[AuditEvent], int | None]:
        """Return up to `limit` events, and the sequence number to send as `before` for more, None at the end.

        Raises `Invalid` for an unknown action or a malformed instant.
        """
        found = self.audit.list(
            action=None if wanted.action is None else _action(wanted.action),
            actor=wanted.actor,
            subject=wanted.subject,
            since=None if wanted.since is None else self._instant(wanted.since),
            before=wanted.before,
            limit=limit + 1,
        )
        page = found[:limit]
        return page, page[-1].sequence if len(found) > limit else None

    def _instant(self, raw: str) -> int:
        try:
            return self.clock.now() - parse_duration(raw)
        except Invalid:
            pass
        try:
            return parse_instant(int(raw) if raw.isascii() and raw.isdecimal() else raw)
        except (Invalid, ValueError):
            advice = "a duration back from now such as 7d, or an instant such as 2026-11-24T09:30:00Z"
            raise Invalid("since is neither a duration nor an instant", advice=advice) from None


def _action(raw: str) -> Action:
    try:
        return Action(raw)
    except ValueError:
        raise Invalid("no such action", advice=f"one of {', '.join(Action)}") from None
