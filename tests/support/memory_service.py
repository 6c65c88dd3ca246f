"""The service as the container composes it, with every port in memory, each call recorded and open to faults."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

from dependency_injector import providers

from adapters.memory import (
    ManualClock,
    MemoryAnswerJournal,
    MemoryApiTokenStore,
    MemoryAuditLog,
    MemoryAuthorizationServer,
    MemoryBackupStore,
    MemoryCheckpoints,
    MemoryCipher,
    MemoryConnectionFaults,
    MemoryDatabaseCheckup,
    MemoryDataKeyStore,
    MemoryJobJournal,
    MemoryKeySource,
    MemoryLastActs,
    MemoryLeases,
    MemoryLegacyArchive,
    MemoryLegacyFileSource,
    MemoryLock,
    MemoryMigrationLedger,
    MemoryMountRegister,
    MemoryMountWatch,
    MemoryNamedRequests,
    MemoryOAuthTokenStore,
    MemoryOffsiteStore,
    MemoryPendingAuthorizations,
    MemoryProgress,
    MemoryRemnantSearch,
    MemoryRestore,
    MemorySchema,
    MemorySealedRows,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
    MemoryStoredValues,
    MemoryTokenMount,
    Stamped,
)
from app.container import open_container
from app.setting_sources import load_settings
from domain.values import FORGES

READS = frozenset(
    {"list", "read", "can_remove", "get", "knows", "digest", "entries", "latest", "contents", "count"}
    | {"all", "find", "readers", "living", "look", "directory"}
)
"""Methods of ports that change nothing."""

_PATIENCE_MS = 5


class Recorded:
    """A port that writes down each call as `<port>.<method>`, after whatever was arranged to happen before it."""

    def __init__(self, name, real, service):
        self._name = name
        self._real = real
        self._service = service

    def __getattr__(self, method):
        attribute = getattr(self._real, method)
        if not callable(attribute):
            return attribute

        def call(*args, **kwargs):
            self._service.called(f"{self._name}.{method}")
            return attribute(*args, **kwargs)

        return call


class MemoryService:
    """Ports by the container's names; `calls` lists what was asked of them, `before` what happens first."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.clock = clock = ManualClock()
        self.files = MemoryLegacyFileSource()
        self.sessions = MemorySessionStore(clock)
        self.secrets = MemorySecretStore(clock)
        self.oauth_tokens = MemoryOAuthTokenStore(clock)
        self.ledger = MemoryMigrationLedger()
        self.archive = MemoryLegacyArchive(clock)
        self.backups = MemoryBackupStore(clock)
        self.audit = MemoryAuditLog(MemoryCipher(), clock)
        self.sealed_rows = MemorySealedRows(lambda: self.data_keys)
        self.data_keys = MemoryDataKeyStore(self.sealed_rows.count_by_key)
        self.api_tokens = MemoryApiTokenStore()
        self.forge = MemoryAuthorizationServer()
        self.faults = MemoryConnectionFaults()
        self.journal = MemoryAnswerJournal()
        self.leases = MemoryLeases(clock)
        self.checkup = MemoryDatabaseCheckup(
            self.sealed_rows,
            Stamped(
                secrets=self.secrets,
                data_keys=self.data_keys,
                archive=self.archive,
                ledger=self.ledger,
                api_tokens=self.api_tokens,
                audit=self.audit,
            ),
        )
        self.searched = MemoryRemnantSearch()
        self.restore = MemoryRestore(self.backups, oauth_tokens=self.oauth_tokens, faults=self.faults, audit=self.audit)
        self.offsite = MemoryOffsiteStore()
        self.jobs = MemoryJobJournal()
        self.lock = MemoryLock()
        self.mounts = MemoryTokenMount()
        self.register = MemoryMountRegister()
        self.watch = MemoryMountWatch()
        self.progress = MemoryProgress()
        settings = load_settings({"HOME": "/nonexistent"})
        self.container = open_container(settings)
        self._override(
            clock=clock,
            progress=self.progress,
            cipher=MemoryCipher(),
            legacy_files=self.files,
            sessions=self.sessions,
            unaudited_secrets=self.secrets,
            unaudited_secret_history=MemorySecretHistory(self.secrets),
            unaudited_oauth_tokens=self.oauth_tokens,
            connection_faults=self.faults,
            named_requests=MemoryNamedRequests(clock),
            pending_authorizations=MemoryPendingAuthorizations(clock),
            leases=self.leases,
            answer_journal=self.journal,
            audit=self.audit,
            last_acts=MemoryLastActs(self.audit),
            ledger=self.ledger,
            archive=self.archive,
            archived_files=self.archive,
            unaudited_backups=self.backups,
            database_restore=self.restore,
            rehearsal=self.restore,
            unaudited_offsite=self.offsite,
            checkpoints=MemoryCheckpoints(),
            job_journal=self.jobs,
            lock=self.lock,
            unaudited_setting_store=MemorySettingStore(),
            unaudited_api_tokens=self.api_tokens,
            data_keys=self.data_keys,
            sealed_rows=self.sealed_rows,
            checkup=self.checkup,
            stored_values=MemoryStoredValues(self.secrets, self.oauth_tokens, self.archive),
            remnant_search=self.searched,
            rotation_lock=MemoryLock(),
            mounts_lock=MemoryLock(),
            token_mount=self.mounts,
            mount_register=self.register,
            mount_watch=self.watch,
            key_source=MemoryKeySource(),
            schema=MemorySchema(),
        )
        forges = dict.fromkeys(FORGES, Recorded("forge", self.forge, self))
        self.container.authorization_servers.override(providers.Object(forges))
        for kind in ("sessions", "secrets", "oauth_tokens"):
            self.read_afresh(kind, getattr(self, kind))

    def _override(self, **ports: object) -> None:
        for name, port in ports.items():
            recorded = Recorded(name.removeprefix("unaudited_"), port, self)
            getattr(self.container, name).override(providers.Object(recorded))

    def read_afresh(self, kind: str, store: object) -> None:
        """Let the fresh connection of `kind` (such as `secrets`) show what `store` holds."""
        recorded = Recorded(f"fresh_{kind}", store, self)
        getattr(self.container, f"fresh_{kind}").override(providers.Factory(nullcontext, recorded))

    def called(self, call: str) -> None:
        self.calls.append(call)
        if call in self.before:
            self.before[call]()

    def fail(self, call: str, error: Exception, *, from_call: int = 1) -> None:
        """Let `call` raise `error`, from its `from_call`-th time on."""
        already = self.calls.count(call)

        def raise_in_time() -> None:
            if self.calls.count(call) - already >= from_call:
                raise error

        self.before[call] = raise_in_time

    def migrate(self, **wishes: object):
        """Run the migrations, with little patience for locks."""
        return replace(self.container.migrate(), patience_ms=_PATIENCE_MS)(**wishes)

    @property
    def writes(self) -> list[str]:
        """Calls that may change something."""
        return [call for call in self.calls if call.split(".")[1] not in READS | {"report", "note", "now"}]


def outcomes(report) -> dict[str, str]:
    """The outcome of each source, by its file."""
    return {source.file: source.outcome.value for source in report.sources}


def reason(report, file: str) -> str | None:
    """Why `file` ended as it did."""
    return next(source.reason for source in report.sources if source.file == file)
