"""Find the secrets that are not as they were written."""

from dataclasses import dataclass

from domain.ports import SecretHistory
from domain.secrets import DamagedVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class FindDamage:
    """Opens values and shows none, so that it is no event in the audit log."""

    history: SecretHistory

    def current(self) -> list[DamagedVersion]:
        """Return the secrets that cannot be read as they are now, sorted by name."""
        return self.history.find_damage(current_only=True)

    def everywhere(self) -> list[DamagedVersion]:
        """Return every version that is damaged, of deleted secrets too, sorted by name, newest first."""
        return self.history.find_damage()
