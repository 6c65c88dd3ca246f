"""What a scrape looks up, with every port in memory."""

from dataclasses import replace

import pytest

from app.metrics import Metrics, sources_of
from app.version import __version__
from domain.errors import Busy, DatabaseUnusable
from domain.instants import DAY_MS, HOUR_MS, SECOND_MS
from domain.migrations import MigrationOutcome, Outcome, SourceOutcome
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.in_memory import InMemory
from tests.support.memory_service import MemoryService
from tests.unit.app.metrics.scraped import Scrape

CANARY = "canary-5c1e"


class Scraped:
    """A service, and what a scrape of it says."""

    def __init__(self, service=None):
        self.service = service or MemoryService()
        self.reasons = []
        self.is_migrating = False
        self.metrics = Metrics()
        self.metrics.watch(
            sources_of(
                self.service.container,
                schema="0002",
                reasons=lambda: self.reasons,
                is_migrating=lambda: self.is_migrating,
            )
        )

    @property
    def now(self):
        return self.service.clock.now()

    def text(self):
        return self.metrics.render().decode()

    def __call__(self, metric, **labels):
        return Scrape(self.text())(metric, **labels)


@pytest.fixture
def scraped():
    return Scraped()


def test_an_empty_service_is_ready_and_has_nothing(scraped):
    assert scraped("info", version=__version__, schema="0002") == 1
    assert scraped("ready") == 1
    assert scraped("boot_migration_running") == 0
    assert (scraped("secrets"), scraped("sessions"), scraped("migrations_pending")) == (0, 0, 0)
    assert scraped("last_verified_backup_age_seconds") is None


def test_rows_are_counted_and_no_name_no_key_and_no_value_is_shown(scraped):
    scraped.service.sessions.set(f"forgejo:reviewer:acme/{CANARY}:1", CANARY)
    scraped.service.secrets.set(f"generic:{CANARY}", CANARY)

    assert (scraped("secrets"), scraped("sessions")) == (1, 1)
    assert CANARY not in scraped.text()


def test_sealed_values_are_counted_by_key(scraped):
    memory = InMemory()
    memory.fill()
    former = memory.next_key()
    scraped.service.container.data_keys.override(memory.keys)
    scraped.service.container.sealed_rows.override(memory.rows)

    scrape = Scrape(Scraped(scraped.service).text())

    assert scrape("rows", key_id=former, state="decrypt_only") == 8
    assert scrape("rows", key_id=memory.active, state="active") == 0
    assert len(scrape.series("rows")) == 2


def test_a_row_that_names_no_key_of_ours_is_counted_and_what_it_names_is_not_shown(scraped):
    scraped.service.sealed_rows.put("a row", CANARY)

    assert scraped("rows", key_id="unknown", state="unknown") == 1
    assert CANARY not in scraped.text()


@pytest.mark.parametrize(("days", "counted"), [(7.1, 0), (6.9, 1), (0, 1), (-400, 1)], ids=str)
def test_a_secret_that_ends_within_a_week_or_has_ended_is_expiring(scraped, days, counted):
    scraped.service.secrets.set("generic:x", "x", expires_at=int(scraped.now + days * DAY_MS))
    scraped.service.secrets.set("generic:y", "y")

    assert scraped("expiring_tokens", kind="secret") == counted


@pytest.mark.parametrize(("days", "counted"), [(7.1, 0), (6.9, 1), (0, 0), (-400, 0)], ids=str)
def test_an_api_token_is_expiring_while_it_lives(scraped, days, counted):
    token, _ = scraped.service.container.create_api_token()("x", ("read:/*",), lifetime_ms=30 * DAY_MS)
    scraped.service.clock.set(int(token.expires_at - days * DAY_MS))

    assert scraped("expiring_tokens", kind="api_token") == counted


def test_a_revoked_api_token_is_not_expiring(scraped):
    token, _ = scraped.service.container.create_api_token()("x", ("read:/*",), lifetime_ms=DAY_MS)
    scraped.service.api_tokens.revoke(token.id, scraped.now)

    assert scraped("expiring_tokens", kind="api_token") == 0


def test_an_oauth_token_is_expiring_if_nothing_prolongs_it(scraped):
    token = OAuthToken(forge_type="github", access_token=SecretValue(CANARY), expires_at=scraped.now + DAY_MS)
    scraped.service.oauth_tokens.upsert(token)
    scraped.service.oauth_tokens.upsert(
        replace(token, forge_type="gitlab", refresh_token=SecretValue(CANARY), expires_at=scraped.now + HOUR_MS)
    )

    scrape = Scrape(scraped.text())
    assert scrape("expiring_tokens", kind="oauth_token") == 1
    assert scrape("oauth_connection_status", forge="github", status="expiring") == 1
    assert scrape("oauth_connection_status", forge="github", status="connected") == 0
    assert scrape("oauth_connection_status", forge="gitlab", status="connected") == 1
    assert scrape("oauth_connection_status", forge="forgejo", status="not_connected") == 1
    assert len(scrape.series("oauth_connection_status")) == 3 * 5


def test_only_a_verified_backup_counts(scraped):
    scraped.service.backups.create()
    scraped.service.clock.set(scraped.now + 90 * SECOND_MS)
    scraped.service.backups.create(despite_damage=True)

    assert scraped("last_verified_backup_age_seconds") == 90


def test_old_files_that_wait_for_a_person_are_counted(scraped):
    sources = [SourceOutcome(file=f"tokens/{CANARY}-{each}", outcome=each) for each in Outcome]
    scraped.service.ledger.publish([MigrationOutcome(id="014", sources=tuple(sources))])

    assert scraped("migrations_pending") == 5
    assert CANARY not in scraped.text()


def test_while_the_old_files_are_moved_the_service_is_not_ready(scraped):
    scraped.reasons, scraped.is_migrating = ["moving"], True

    assert (scraped("ready"), scraped("boot_migration_running")) == (0, 1)


@pytest.mark.parametrize("call", ["ledger.latest", "audit.check"])
def test_it_is_not_ready_without_a_database_and_that_is_no_error_of_the_scrape(scraped, call):
    scraped.service.fail(call, Busy("locked"))

    scrape = Scrape(scraped.text())

    assert scrape("ready") == 0
    assert scrape("scrape_errors_total", part="ready") == 0


PARTS = {
    "sealed_rows.count_by_key": ["rows"],
    "secrets.list": ["secrets", "expiring_secrets"],
    "sessions.count": ["sessions"],
    "oauth_tokens.get": ["expiring_oauth_tokens", "oauth_connections"],
    "api_tokens.list": ["expiring_api_tokens"],
    "backups.list": ["backups"],
    "ledger.latest": ["migrations"],
}
"""What is counted when a port fails, by the call that does."""

METRICS = {
    "rows": "rows",
    "secrets": "secrets",
    "sessions": "sessions",
    "oauth_connections": "oauth_connection_status",
    "backups": "last_verified_backup_age_seconds",
    "migrations": "migrations_pending",
    "ready": "ready",
}
"""The metric that a part is all of."""


def kinds(scrape):
    return {labels["kind"] for labels in scrape.series("expiring_tokens")}


def failed(scrape):
    parts = [labels["part"] for labels in scrape.series("scrape_errors_total")]
    return {part for part in parts if scrape("scrape_errors_total", part=part)}


@pytest.mark.parametrize("error", [DatabaseUnusable("the disk is full"), RuntimeError(CANARY)], ids=["known", "other"])
@pytest.mark.parametrize(("call", "parts"), PARTS.items(), ids=PARTS)
def test_what_cannot_be_read_is_missing_alone_counted_and_logged(scraped, caplog, call, parts, error):
    scraped.service.backups.create()
    scraped.service.sealed_rows.put("a row", "a key")
    if isinstance(error, RuntimeError) and call == "ledger.latest":
        parts = [*parts, "ready"]  # a database that does not answer is an answer there; this is something else
    scraped.service.fail(call, error)

    scrape = Scrape(scraped.text())

    assert failed(scrape) == set(parts)
    assert {part for part, metric in METRICS.items() if not scrape.series(metric)} == set(parts) & set(METRICS)
    assert {f"expiring_{kind}s" for kind in ("secret", "oauth_token", "api_token") if kind not in kinds(scrape)} == {
        part for part in parts if part.startswith("expiring")
    }
    assert all(f"metrics: {part} cannot be read" in caplog.text for part in parts)
    assert CANARY not in caplog.text


def test_a_part_that_can_be_read_again_is_there_again(scraped):
    scraped.service.fail("sessions.count", Busy("locked"))
    scraped.text()
    scraped.service.before.clear()

    scrape = Scrape(scraped.text())

    assert scrape("sessions") == 0
    assert scrape("scrape_errors_total", part="sessions") == 1


def test_a_scrape_is_no_event_and_writes_nothing(scraped):
    scraped.service.secrets.set("generic:x", "x")
    scraped.service.calls.clear()

    scraped.text()

    harmless = {"sealed_rows.count_by_key", "audit.check"}
    assert set(scraped.service.writes) <= harmless
