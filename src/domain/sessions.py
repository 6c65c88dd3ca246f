"""Which SDK session an agent works in, for each issue of each repository."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """The SDK session of one agent at one issue. Instants in milliseconds UTC."""

    key: str
    session_id: str
    last_used_at: int
    created_at: int
