"""Forget old events, leaving a checkpoint from which the rest of the chain goes on."""

from dataclasses import dataclass

from app.audit import current_actor
from domain.audit import Action
from domain.errors import Integrity
from domain.instants import format_instant
from domain.ports import AuditLog, Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneAudit:
    """By age. That it was done is an event, too."""

    audit: AuditLog
    clock: Clock

    def __call__(self, older_than_ms: int, *, accept_faults: bool = False) -> int:
        """Forget the events older than `older_than_ms`; returns how many went. Writes nothing if there are none.

        Raises `Integrity` for a log that does not verify, for pruning would take the evidence; with
        `accept_faults` it goes on and the event says how many faults there were. A log that was
        removed as a whole then begins anew.
        """
        before = self.clock.now() - older_than_ms
        begins = accept_faults and not self.audit.has_begun()
        if not begins and not self.audit.count_before(before):
            return 0
        faults = self.audit.verify()
        if faults and not accept_faults:
            raise Integrity(
                f"the audit log does not verify, so nothing of it was forgotten: {faults[0]}",
                advice="`strongroom audit verify` names every fault; docs/audit.md says how to go on",
            )
        with self.audit.atomic():
            gone = self.audit.prune(before)
            if begins:
                self.audit.begin()
            detail = f"events forgotten: {gone}, all before {format_instant(before)}"
            detail += f"; faults accepted: {len(faults)}, the first: {faults[0]}" if faults else ""
            self.audit.record(current_actor(), Action.AUDIT_PRUNE, "audit", detail=detail)
        return gone
