"""What is looked up when somebody asks: rows, what expires, backups, migrations, forges. Read through ports."""

import logging
import traceback
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from app.container import Container
from app.metrics.gauge import Gauge, Readings
from app.metrics.jobs import job_gauges
from app.usecases.jobs.schedule import Schedule
from app.usecases.mounts.look import LookAtMounts
from app.usecases.oauth.look import LookAtConnection
from app.version import __version__
from domain.connections import EXPIRES_SOON_MS, Status
from domain.errors import DomainError
from domain.instants import SECOND_MS
from domain.keys import KeyPurpose, KeyState
from domain.mounts import State
from domain.ports import (
    ApiTokenStore,
    AuditLog,
    BackupStore,
    Clock,
    DataKeyStore,
    MigrationLedger,
    SealedRows,
    SecretStore,
    SessionStore,
)
from domain.values import FORGES

_UNKNOWN = "unknown"
_log = logging.getLogger("strongroom.metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where it is looked up. `reasons` says why the service is not ready, `is_migrating` whether that is the boot."""

    sessions: SessionStore
    secrets: SecretStore
    api_tokens: ApiTokenStore
    look: LookAtConnection
    keys: DataKeyStore
    rows: SealedRows
    backups: BackupStore
    ledger: MigrationLedger
    audit: AuditLog
    mounts: LookAtMounts
    schedule: Schedule
    clock: Clock
    schema: str
    reasons: Callable[[], Sequence[str]]
    is_migrating: Callable[[], bool]


def sources_of(
    container: Container, *, schema: str, reasons: Callable[[], Sequence[str]], is_migrating: Callable[[], bool]
) -> Sources:
    """Return the ports of `container` to look things up in: as they are, so that looking is neither event nor count."""
    return Sources(
        sessions=container.sessions(),
        secrets=container.unaudited_secrets(),
        api_tokens=container.unaudited_api_tokens(),
        look=container.look_at_connection(),
        keys=container.data_keys(),
        rows=container.sealed_rows(),
        backups=container.unaudited_backups(),
        ledger=container.ledger(),
        audit=container.audit(),
        mounts=container.look_at_mounts(),
        schedule=container.schedule(),
        clock=container.clock(),
        schema=schema,
        reasons=reasons,
        is_migrating=is_migrating,
    )


class StockCollector(Collector):
    """Reads all of it anew for each scrape. A part that cannot be read is counted and logged, and the rest is there."""

    def __init__(self, sources: Sources, errors: Counter) -> None:
        self._sources = sources
        self._gauges = _gauges(_Stock(sources))
        self._errors = {part: errors.labels(part).inc for gauge in self._gauges for part in gauge.parts}

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(f"strongroom_{gauge.name}", gauge.text, labels=gauge.labels)
            for part, read in gauge.parts.items():
                for labels, value in self._read(part, read):
                    family.add_metric(labels, value)
            yield family

    def _read(self, part: str, read: Callable[[], Readings]) -> Readings:
        try:
            return list(read())
        except DomainError as error:
            _log.warning("metrics: %s cannot be read: %s: %s", part, error.code, error.nameless)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are wanted all the more
            frames = "".join(traceback.format_tb(error.__traceback__))  # without its text, which may quote a secret
            _log.error("metrics: %s cannot be read: %s\n%s", part, type(error).__name__, frames)
        self._errors[part]()
        return []


@dataclass(frozen=True, slots=True)
class _Stock:
    """How each value is found."""

    of: Sources

    def info(self) -> Readings:
        yield (__version__, self.of.schema), 1

    def rows(self) -> Readings:
        """Give the rows of each key that is in use; an id that is no key's might be anything, so it is not shown."""
        counts = self.of.rows.count_by_key()
        for key in self.of.keys.list():
            rows = counts.pop(key.id, 0)
            if key.purpose is KeyPurpose.SEAL and (rows or key.state is not KeyState.RETIRED):
                yield (key.id, key.state.value), rows
        if counts:
            yield (_UNKNOWN, _UNKNOWN), sum(counts.values())

    def secrets(self) -> Readings:
        yield (), len(self.of.secrets.list())

    def sessions(self) -> Readings:
        yield (), self.of.sessions.count()

    def expiring_secrets(self) -> Readings:
        ends = [info.expires_at for info in self.of.secrets.list() if info.expires_at is not None]
        yield ("secret",), sum(end < self._soon for end in ends)

    def expiring_oauth_tokens(self) -> Readings:
        yield ("oauth_token",), sum(self.of.look(forge).status is Status.EXPIRING for forge in FORGES)

    def expiring_api_tokens(self) -> Readings:
        """Count the living alone: one that has ended stays for its history, and would be counted for ever."""
        now = self.of.clock.now()
        ends = [token.expires_at for token in self.of.api_tokens.list() if token.is_live(now)]
        yield ("api_token",), sum(end is not None and end < self._soon for end in ends)

    @property
    def _soon(self) -> int:
        return self.of.clock.now() + EXPIRES_SOON_MS

    def backup_age(self) -> Readings:
        made = [backup.created_at for backup in self.of.backups.list() if backup.is_proof]
        if made:
            yield (), (self.of.clock.now() - max(made)) / SECOND_MS

    def pending(self) -> Readings:
        yield (), sum(each.outcome.needs_attention for outcome in self.of.ledger.latest() for each in outcome.sources)

    def migrating(self) -> Readings:
        yield (), self.of.is_migrating()

    def ready(self) -> Readings:
        """Judge as `/readyz` does: a database that does not answer is an answer here, and no error."""
        try:
            self.of.ledger.latest()
            self.of.audit.check()
        except DomainError:
            yield (), 0
        else:
            yield (), not self.of.reasons()

    def token_mounts(self) -> Readings:
        """Give each state its number, so that one that is gone is a zero and no gap."""
        states = Counts(view.state for view in self.of.mounts())
        for state in State:
            yield (state.value,), states[state]

    def stale_containers(self) -> Readings:
        yield (), sum(view.is_stale(reader) for view in self.of.mounts() for reader in view.readers)

    def connections(self) -> Readings:
        for forge in FORGES:
            found = self.of.look(forge).status
            for status in Status:
                yield (forge, status.value), status is found


def _gauges(stock: _Stock) -> tuple[Gauge, ...]:
    return (
        Gauge("info", "Always 1.", ("version", "schema"), {"info": stock.info}),
        Gauge("ready", "1 if the service is ready, as /readyz has it.", (), {"ready": stock.ready}),
        Gauge("rows", "Sealed values that name each data key.", ("key_id", "state"), {"rows": stock.rows}),
        Gauge("secrets", "Secrets, expired ones included.", (), {"secrets": stock.secrets}),
        Gauge("sessions", "Sessions, stale ones included.", (), {"sessions": stock.sessions}),
        Gauge(
            "expiring_tokens",
            "What ends within 7 days.",
            ("kind",),
            {
                "expiring_secrets": stock.expiring_secrets,
                "expiring_oauth_tokens": stock.expiring_oauth_tokens,
                "expiring_api_tokens": stock.expiring_api_tokens,
            },
        ),
        Gauge(
            "last_verified_backup_age_seconds",
            "Age of the newest verified backup; absent if there is none.",
            (),
            {"backups": stock.backup_age},
        ),
        Gauge("migrations_pending", "Old files that wait for a person.", (), {"migrations": stock.pending}),
        Gauge("boot_migration_running", "1 while old files are moved at start.", (), {"boot": stock.migrating}),
        Gauge("token_mounts", "Token mounts by how they stand.", ("state",), {"token_mounts": stock.token_mounts}),
        Gauge(
            "stale_containers",
            "Containers that may still use an older token, which they read before the newest was delivered.",
            (),
            {"stale_containers": stock.stale_containers},
        ),
        *job_gauges(stock.of.schedule),
        Gauge(
            "oauth_connection_status",
            "1 for the status that the connection to a forge is in, 0 for the others.",
            ("forge", "status"),
            {"oauth_connections": stock.connections},
        ),
    )
