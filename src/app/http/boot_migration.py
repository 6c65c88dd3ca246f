"""The boot migrations, on a thread of their own, so that `/livez` answers while a large file is moved."""

import threading
from collections.abc import Callable

from app.http.readiness import Readiness
from domain.migrations import MigrationReport


class BootMigration:
    """Runs `migrate` once and hands on its report; a failure is kept, and ends the server."""

    def __init__(
        self,
        migrate: Callable[[], MigrationReport],
        readiness: Readiness,
        *,
        on_report: Callable[[MigrationReport], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._migrate = migrate
        self._readiness = readiness
        self._on_report = on_report
        self._on_failure = on_failure
        # A daemon: a killed migration loses nothing, and must not hold up the end of the process.
        self._thread = threading.Thread(target=self._run, name="boot-migration", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tells whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            report = self._migrate()
        except Exception as error:  # noqa: BLE001 - it is raised again by the main thread
            self.failure = error
            self._readiness.block("moving the old files into the database failed")
            self._on_failure()
            return
        self._readiness.settle(report)
        self._on_report(report)
