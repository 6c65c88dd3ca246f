"""Settings whose every change is written down with it."""

from dataclasses import dataclass

from typing_extensions import override

from app.audit import current_actor
from app.masking import masked_url
from app.settings import ADDRESS
from domain.audit import Action
from domain.ports import AuditLog, SettingStore


@dataclass(frozen=True, slots=True)
class AuditedSettingStore(SettingStore):
    """A store of settings in front of the log, which is told names, and values only of where tokens are sent to."""

    settings: SettingStore
    audit: AuditLog

    @override
    def all(self) -> dict[str, str]:
        return self.settings.all()

    @override
    def set(self, name: str, value: str) -> None:
        with self.audit.atomic():
            self.settings.set(name, value)
            told = f"set to {masked_url(value)}" if name.endswith(ADDRESS) else "set"
            self.audit.record(current_actor(), Action.SETTING_CHANGE, name, detail=told)

    @override
    def unset(self, name: str) -> bool:
        with self.audit.atomic():
            was_there = self.settings.unset(name)
            if was_there:
                self.audit.record(current_actor(), Action.SETTING_CHANGE, name, detail="unset")
        return was_there
