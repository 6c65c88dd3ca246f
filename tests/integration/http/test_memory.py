from starlette.testclient import TestClient

from adapters.memory import (
    ManualClock,
    MemoryAnswerJournal,
    MemoryApiTokenStore,
    MemoryAuditLog,
    MemoryAuthorizationServer,
    MemoryBackupStore,
    MemoryCipher,
    MemoryConnectionFaults,
    MemoryDataKeyStore,
    MemoryJobJournal,
    MemoryLastActs,
    MemoryLeases,
    MemoryLegacyArchive,
    MemoryLegacyFileSource,
    MemoryLock,
    MemoryMigrationLedger,
    MemoryNamedRequests,
    MemoryOAuthTokenStore,
    MemoryPendingAuthorizations,
    MemorySealedRows,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
)
from app.boot import migrate
from app.container import Container
from app.http.application import build_app
from app.http.readiness import Readiness
from app.setting_sources import load_settings
from domain.instants import DAY_MS
from domain.values import FORGES


def a_service_in_memory(tmp_path, files):
    clock, cipher = ManualClock(), MemoryCipher()
    secrets, keys, audit = MemorySecretStore(clock), MemoryDataKeyStore(), MemoryAuditLog(cipher, clock)
    container = Container(settings=load_settings({}, {"state_dir": tmp_path, "config_dir": tmp_path}))
    for provider, adapter in {
        container.clock: clock,
        container.sessions: MemorySessionStore(clock),
        container.unaudited_secrets: secrets,
        container.unaudited_secret_history: MemorySecretHistory(secrets),
        container.unaudited_oauth_tokens: MemoryOAuthTokenStore(),
        container.connection_faults: MemoryConnectionFaults(),
        container.named_requests: MemoryNamedRequests(clock),
        container.pending_authorizations: MemoryPendingAuthorizations(clock),
        container.leases: MemoryLeases(clock),
        container.job_journal: MemoryJobJournal(),
        container.answer_journal: MemoryAnswerJournal(),
        container.authorization_servers: dict.fromkeys(FORGES, MemoryAuthorizationServer()),
        container.unaudited_api_tokens: MemoryApiTokenStore(),
        container.audit: audit,
        container.last_acts: MemoryLastActs(audit),
        container.unaudited_setting_store: MemorySettingStore(),
        container.data_keys: keys,
        container.sealed_rows: MemorySealedRows(lambda: keys),
        container.ledger: MemoryMigrationLedger(),
        container.archive: MemoryLegacyArchive(clock),
        container.unaudited_backups: MemoryBackupStore(clock),
        container.cipher: cipher,
        container.lock: MemoryLock(),
        container.legacy_files: MemoryLegacyFileSource(files),
    }.items():
        provider.override(adapter)
    container.fresh_secrets.override(held(container.unaudited_secrets))
    return container


def held(provider):
    """What opens a fresh connection to a store, where there are no connections."""
    from contextlib import nullcontext

    from dependency_injector import providers

    return providers.Factory(nullcontext, provider)


def test_the_whole_service_runs_in_memory_and_writes_nothing(tmp_path):
    container = a_service_in_memory(tmp_path, {"tokens/reviewer": b"sesame-1\n"})
    _, token = container.create_api_token()("t", ("admin",))
    client = TestClient(build_app(container, Readiness()), headers={"Authorization": f"Bearer {token.reveal()}"})

    migrate(container)
    client.put("/sessions/forgejo:reviewer:acme/api:42", json={"session_id": "9f1c"})
    container.clock().advance(31 * DAY_MS)

    assert client.get("/readyz").json() == {"status": "ready", "attention": 0, "migrations": {"imported": 1}}
    assert client.get("/secrets/agent_token:reviewer/value").json()["value"] == "sesame-1"
    assert client.post("/sessions/prune").json() == {"pruned": 1}
    assert list(tmp_path.iterdir()) == []
