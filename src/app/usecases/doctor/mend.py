"""Mend what the check-up would only complain of, where that cannot do any harm."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from domain.errors import DatabaseUnusable
from domain.ports import Places, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """Touches no key and no value: permissions that are too wide, and half a backup."""

    places: Places

    def __call__(self) -> list[str]:
        """Mend what is ours; says what was done. What does not let us is left to the check-up, which tells of it."""
        return [*self._permissions(), *self._leftovers()]

    def _permissions(self) -> Iterator[str]:
        for place in self.places.look():
            private = place.role.private_mode
            if place.ours and place.mode & ~private:
                with suppress(DatabaseUnusable):
                    self.places.close_to_others(place)
                    yield f"{place.path}: mode {place.mode:04o} is {private:04o} now"

    def _leftovers(self) -> Iterator[str]:
        for leftover in self.places.unfinished():
            if leftover.role is Role.BACKUP:
                with suppress(DatabaseUnusable):
                    self.places.discard(leftover)
                    yield f"{leftover.path}: removed"
