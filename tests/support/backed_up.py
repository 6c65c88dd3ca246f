"""A database with a few values and its backups, and a second connection that looks and tampers."""

import sqlite3
from functools import partial

from adapters.crypto import AesGcmCipher
from adapters.memory import ManualClock
from adapters.sql import SqliteBackupStore, SqlOAuthTokenStore, SqlSecretStore, SqlSessionStore
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.recipes import a_cipher, a_master_key

HIDDEN = "tok-hidden-Bk42"
KEY = "forgejo:reviewer:acme/api:%d"


class BackedUp:
    """A database with a few values, and its backups."""

    def __init__(self, database, directory):
        self.database = database
        self.directory = directory
        self.clock = ManualClock()
        cipher = a_cipher(database)
        self.secrets = SqlSecretStore(database, cipher, self.clock)
        self.sessions = SqlSessionStore(database, self.clock)
        tokens = SqlOAuthTokenStore(database, cipher, self.clock)
        self.backups = SqliteBackupStore(
            database,
            self.clock,
            directory=directory,
            application_version="1.2.3",
            cipher_of=partial(AesGcmCipher, a_master_key()),
        )
        self.secrets.set("agent_token:reviewer", HIDDEN)
        self.sessions.set(KEY % 1, "sess-1")
        tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue(HIDDEN), refresh_token=SecretValue("r")))

    @property
    def names(self):
        return sorted(entry.name for entry in self.directory.iterdir()) if self.directory.exists() else []


def sql(path, statement, *parameters):
    """Run a statement on a connection of its own and return the rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("unhex_", 1, bytes.fromhex)  # SQLite has `unhex` since 3.41
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()
