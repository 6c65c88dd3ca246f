"""Forget sessions that nobody has used for long."""

from dataclasses import dataclass

from domain.ports import Clock, SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSessions:
    """By the instant of last use."""

    sessions: SessionStore
    clock: Clock

    def __call__(self, unused_for_ms: int, *, dry_run: bool = False) -> int:
        """Forget sessions not used for `unused_for_ms`; returns how many (with `dry_run`, how many would go)."""
        before = self.clock.now() - unused_for_ms
        return self.sessions.count_stale(before) if dry_run else self.sessions.prune_stale(before)
