"""Whether the service may be used yet, told by the boot thread to everyone who asks."""

from domain.migrations import MigrationReport

MIGRATING = "the old files are being moved into the database"


class Readiness:
    """Reasons why the service is not ready, and the report of the boot migrations once there is one.

    One thread writes and many read; each state is a value that is swapped whole, so no lock is needed.
    """

    def __init__(self, *reasons: str) -> None:
        self._state: tuple[tuple[str, ...], MigrationReport | None] = (reasons, None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the service is not ready; empty when it is."""
        return self._state[0]

    @property
    def report(self) -> MigrationReport | None:
        """What the boot migrations did; None until they have ended."""
        return self._state[1]

    def settle(self, report: MigrationReport) -> None:
        """Be ready from now on."""
        self._state = ((), report)

    def block(self, reason: str) -> None:
        """Be not ready, for this reason alone."""
        self._state = ((reason,), None)
