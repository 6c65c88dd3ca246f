"""Who did something last, and when, as the audit log has it."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.audit import Action


@dataclass(frozen=True, slots=True)
class LastAct:
    """When something was done (ms UTC), and by whom (`AuditEvent.actor`)."""

    at: int
    actor: str


class LastActs(Protocol):
    """Looks into the audit log for many subjects at once; what it has forgotten is not told."""

    @abstractmethod
    def of(self, action: Action, *, subject: str | None = None) -> Mapping[str, LastAct]:
        """Return the newest event of `action` on each subject, or on `subject` only, by the subject's name."""
