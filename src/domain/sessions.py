"""Which SDK session an agent works in, for each issue of each repository."""

from typing import NamedTuple, Self

from domain.instants import in_range
from domain.values import parse_session_id, parse_session_key


class Session(NamedTuple):
    """The SDK session of one agent at one issue. Instants in milliseconds UTC.

    A tuple, because a million of them are made, compared and stored in one migration.
    """

    key: str
    session_id: str
    last_used_at: int
    created_at: int

    def checked(self) -> Self:
        """Return the session if it is one that a store may keep; raises `Invalid`."""
        parse_session_key(self.key)
        parse_session_id(self.session_id)
        in_range(self.last_used_at)
        in_range(self.created_at)
        return self
