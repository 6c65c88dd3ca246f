"""Opening a store on a path: plain functions, so that another process can be handed one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.crypto import AesGcmCipher, create_data_keys
from adapters.filesystem import FileOAuthTokenStore, FileSecretStore, FileSessionStore
from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from adapters.sql import (
    Database,
    SqlAuditLog,
    SqlDataKeyStore,
    SqlNamedRequests,
    SqlOAuthTokenStore,
    SqlSecretHistory,
    SqlSecretStore,
    SqlSessionStore,
    open_database,
    upgrade,
)
from domain.keys import KeyMaterial, MasterKey, fingerprint
from domain.ports import (
    AuditLog,
    Cipher,
    Clock,
    NamedRequests,
    OAuthTokenStore,
    SecretHistory,
    SecretStore,
    SessionStore,
)

_RAW_KEY = bytes(range(32))


def a_master_key(raw: bytes = _RAW_KEY) -> MasterKey:
    """A master key that every process knows."""
    return MasterKey(material=KeyMaterial(raw), fingerprint=fingerprint(raw), source="a test")


def a_cipher(database: Database) -> Cipher:
    """A cipher over the data keys of `database`, made now if there are none."""
    keys = SqlDataKeyStore(database)
    if not keys.list():
        keys.add(create_data_keys(a_master_key(), NOON))
    return AesGcmCipher(a_master_key(), keys)


def an_audit_log(database: Database, clock: Clock) -> AuditLog:
    """The audit log of `database`, begun."""
    log = SqlAuditLog(database, a_cipher(database), clock)
    log.begin()
    return log


@contextmanager
def a_database(path: Path) -> Iterator[Database]:
    """Open a database at `path`, at the newest schema."""
    database = open_database(path)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()


@contextmanager
def sql_sessions(path: Path, clock: Clock | None = None) -> Iterator[SessionStore]:
    """Sessions in the database at `path`."""
    with a_database(path) as database:
        yield SqlSessionStore(database, clock or ManualClock())


@contextmanager
def sql_secrets(path: Path, clock: Clock | None = None) -> Iterator[SecretStore]:
    """Secrets in the database at `path`."""
    with a_database(path) as database:
        yield SqlSecretStore(database, a_cipher(database), clock or ManualClock())


@contextmanager
def sql_secret_history(path: Path, clock: Clock | None = None) -> Iterator[tuple[SecretStore, SecretHistory]]:
    """Secrets and their history in the database at `path`."""
    with a_database(path) as database:
        cipher, clock = a_cipher(database), clock or ManualClock()
        yield SqlSecretStore(database, cipher, clock), SqlSecretHistory(database, cipher, clock)


@contextmanager
def sql_oauth_tokens(path: Path, clock: Clock | None = None) -> Iterator[OAuthTokenStore]:
    """OAuth tokens in the database at `path`."""
    with a_database(path) as database:
        yield SqlOAuthTokenStore(database, a_cipher(database), clock or ManualClock())


@contextmanager
def sql_named_requests(path: Path, clock: Clock | None = None) -> Iterator[NamedRequests]:
    """Requests that must not be done twice, in the database at `path`."""
    with a_database(path) as database:
        yield SqlNamedRequests(database, clock or ManualClock())


@contextmanager
def sql_audit_log(path: Path, clock: Clock | None = None) -> Iterator[AuditLog]:
    """The audit log in the database at `path`."""
    with a_database(path) as database:
        yield an_audit_log(database, clock or ManualClock())


@contextmanager
def file_sessions(directory: Path, clock: Clock | None = None) -> Iterator[SessionStore]:
    """Sessions in a file in `directory`."""
    directory.mkdir(mode=0o700, exist_ok=True)
    yield FileSessionStore(directory / "sessions.json", clock or ManualClock())


@contextmanager
def file_secrets(directory: Path, clock: Clock | None = None) -> Iterator[SecretStore]:
    """Secrets in files below `directory`."""
    directory.mkdir(mode=0o700, exist_ok=True)
    yield FileSecretStore(directory, clock or ManualClock())


@contextmanager
def file_oauth_tokens(directory: Path, clock: Clock | None = None) -> Iterator[OAuthTokenStore]:
    """OAuth tokens in files in `directory`."""
    directory.mkdir(mode=0o700, exist_ok=True)
    yield FileOAuthTokenStore(directory, clock or ManualClock())
