import threading

import pytest
from starlette.testclient import TestClient

from app.http.application import build_app
from app.http.boot_migration import BootMigration
from app.http.readiness import MIGRATING, Readiness
from domain.errors import DatabaseUnusable
from domain.migrations import MigrationOutcome, MigrationReport, Outcome, SourceOutcome

REPORT = MigrationReport(
    dry_run=False,
    migrations=(
        MigrationOutcome(
            id="014",
            sources=(
                SourceOutcome(file="tokens/a", outcome=Outcome.IMPORTED, records=1),
                SourceOutcome(file="tokens/b", outcome=Outcome.REJECTED, reason="empty file"),
            ),
        ),
    ),
)


class HeldMigration:
    """A migration that ends when it is told to."""

    def __init__(self, error=None):
        self.release = threading.Event()
        self._error = error

    def __call__(self):
        assert self.release.wait(10)
        if self._error is not None:
            raise self._error
        return REPORT


@pytest.fixture
def reports():
    return []


def boot_of(migration, readiness, reports, on_failure=lambda: None):
    boot = BootMigration(migration, readiness, on_report=reports.append, on_failure=on_failure)
    boot.start()
    return boot


def test_until_the_migrations_have_ended_only_health_is_served(container, reports):
    readiness, migration = Readiness(MIGRATING), HeldMigration()
    client = TestClient(build_app(container, readiness))
    boot = boot_of(migration, readiness, reports)

    early = {path: client.get(path) for path in ("/livez", "/readyz", "/healthz", "/sessions", "/nowhere")}
    migration.release.set()
    ended = boot.wait(10)
    late = {path: client.get(path).status_code for path in early}

    assert ended
    assert {path: answer.status_code for path, answer in early.items()} == {
        "/livez": 200, "/readyz": 503, "/healthz": 503, "/sessions": 503, "/nowhere": 503,
    }  # fmt: skip
    assert early["/sessions"].json()["code"] == "not_ready"
    assert early["/sessions"].headers["Retry-After"] == "1"
    assert early["/readyz"].json()["reasons"] == [MIGRATING]
    assert late == {"/livez": 200, "/readyz": 200, "/healthz": 200, "/sessions": 401, "/nowhere": 401}


def test_what_became_of_the_files_is_reported(reports):
    readiness, migration = Readiness(MIGRATING), HeldMigration()
    migration.release.set()

    boot_of(migration, readiness, reports).wait(10)

    assert readiness.report is REPORT
    assert reports == [REPORT]


def test_a_failure_is_kept_and_ends_the_server(reports):
    error, ended = DatabaseUnusable("the disk refused to store"), threading.Event()
    readiness, migration = Readiness(MIGRATING), HeldMigration(error)
    migration.release.set()

    boot = boot_of(migration, readiness, reports, ended.set)

    assert ended.wait(10)
    assert boot.wait(10)
    assert boot.failure is error
    assert readiness.reasons
    assert readiness.report is None


def test_a_migration_that_goes_on_is_not_waited_for_longer_than_asked(reports):
    migration = HeldMigration()
    boot = boot_of(migration, Readiness(MIGRATING), reports)

    assert boot.wait(0) is False
    migration.release.set()
    assert boot.wait(10) is True
