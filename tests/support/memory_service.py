"""The service as the container composes it, with every port in memory, each call recorded and open to faults."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

from dependency_injector import providers

from adapters.memory import (
    ManualClock,
    MemoryApiTokenStore,
    MemoryBackupStore,
    MemoryCipher,
    MemoryDataKeyStore,
    MemoryKeySource,
    MemoryLegacyArchive,
    MemoryLegacyFileSource,
    MemoryLock,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemoryProgress,
    MemorySchema,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
)
from app.container import open_container
from app.settings import load_settings

READS = frozenset({"list", "read", "can_remove", "get", "knows", "digest", "entries", "latest", "contents", "count"})
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
        self.oauth_tokens = MemoryOAuthTokenStore()
        self.ledger = MemoryMigrationLedger()
        self.archive = MemoryLegacyArchive(clock)
        self.backups = MemoryBackupStore(clock)
        self.lock = MemoryLock()
        self.progress = MemoryProgress()
        settings = load_settings({"HOME": "/nonexistent"})
        self.container = open_container(settings)
        self._override(
            clock=clock,
            progress=self.progress,
            cipher=MemoryCipher(),
            legacy_files=self.files,
            sessions=self.sessions,
            secrets=self.secrets,
            oauth_tokens=self.oauth_tokens,
            ledger=self.ledger,
            archive=self.archive,
            archived_files=self.archive,
            backups=self.backups,
            lock=self.lock,
            setting_store=MemorySettingStore(),
            api_tokens=MemoryApiTokenStore(),
            data_keys=MemoryDataKeyStore(),
            key_source=MemoryKeySource(),
            schema=MemorySchema(),
        )
        for kind in ("sessions", "secrets", "oauth_tokens"):
            self.read_afresh(kind, getattr(self, kind))

    def _override(self, **ports: object) -> None:
        for name, port in ports.items():
            getattr(self.container, name).override(providers.Object(Recorded(name, port, self)))

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
