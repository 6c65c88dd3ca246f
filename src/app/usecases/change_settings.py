"""Change several settings at once, or none of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.ports import AuditLog, SettingStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Each change is an event of its own; all are stored in one transaction."""

    settings: SettingStore
    audit: AuditLog

    def __call__(self, changes: Mapping[str, str | None]) -> None:
        """Store each value, and forget the settings that are None. Names and values have been checked."""
        with self.audit.atomic():
            for name, value in changes.items():
                if value is None:
                    self.settings.unset(name)
                else:
                    self.settings.set(name, value)
