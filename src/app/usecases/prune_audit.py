"""Forget old events, leaving a checkpoint from which the rest of the chain goes on."""

from dataclasses import dataclass

from app.audit import current_actor
from domain.audit import Action
from domain.errors import Integrity
from domain.instants import format_instant
from domain.ports import AuditLog, Clock

_EVER = 2**63 - 1
"""Later than whatever instant an event bears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneAudit:
    """By age. That it was done is an event, too."""

    audit: AuditLog
    clock: Clock

    def __call__(self, older_than_ms: int, *, accept_faults: bool = False) -> int:
        """Forget the events older than `older_than_ms`; returns how many went. If none is, it writes nothing.

        Raises `Integrity` for a log that does not verify, for pruning would take the evidence. With
        `accept_faults` it goes on, and its event says how many faults there were; it still raises if the
        faults are not gone then. Of age 0 every event goes, whatever instant it bears, and the log begins anew.
        """
        before = _EVER if accept_faults and not older_than_ms else self.clock.now() - older_than_ms
        due = self.audit.count_before(before)
        if not due and not accept_faults:
            self.audit.check()
            return 0
        faults = self.audit.verify()
        if faults and not accept_faults:
            raise Integrity(
                f"the audit log does not verify, so nothing of it was forgotten: {faults[0]}",
                advice="`strongroom audit verify` names every fault; docs/audit.md says how to go on",
            )
        return self._forget(before, faults) if due or faults else 0

    def _forget(self, before: int, faults: list[str]) -> int:
        with self.audit.atomic():
            gone = self.audit.prune(before)
            if faults:
                self._mend()
            detail = f"events forgotten: {gone}"
            detail += "" if before == _EVER else f", all before {format_instant(before)}"
            detail += f"; faults accepted: {len(faults)}, the first: {faults[0]}" if faults else ""
            self.audit.record(current_actor(), Action.AUDIT_PRUNE, "audit", detail=detail)
        return gone

    def _mend(self) -> None:
        """Begin the log anew if nothing is left of it. Raises `Integrity` if faults are left in what stays."""
        if not self.audit.list(limit=1):
            self.audit.begin()
        left = self.audit.verify()
        if left:
            raise Integrity(
                f"the faults are in younger events, so nothing was forgotten: {left[0]}",
                advice="with --older-than 0s every event goes, and the log begins anew",
            )
