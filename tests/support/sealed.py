"""A database with sealed values of every kind, its keys, and a second connection that tampers with it."""

from adapters.crypto import AesGcmCipher, create_sealing_key
from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from adapters.sql import (
    SqlAuditLog,
    SqlDataKeyStore,
    SqlLegacyArchive,
    SqlOAuthTokenStore,
    SqlSealedRows,
    SqlSecretHistory,
    SqlSecretStore,
)
from app.usecases.succeed_data_key import SucceedDataKey
from domain.keys import SEALS_PER_KEY
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.backed_up import sql
from tests.support.recipes import a_cipher, a_master_key

HIDDEN = "tok-hidden-Lw58"
REF = LegacyRef(Root.CONFIG, "tokens/reviewer")


class Sealed:
    """The sealing stores on one open database, as one process has them."""

    def __init__(self, database, *, seals_per_key=SEALS_PER_KEY):
        self.database = database
        self.clock = ManualClock()
        self.keys = SqlDataKeyStore(database)
        a_cipher(database)
        self.cipher = AesGcmCipher(a_master_key(), self.keys, seals_per_key=seals_per_key, succeed=self._succeed)
        self.secrets = SqlSecretStore(database, self.cipher, self.clock)
        self.history = SqlSecretHistory(database, self.cipher, self.clock)
        self.tokens = SqlOAuthTokenStore(database, self.cipher, self.clock)
        self.archive = SqlLegacyArchive(database, self.cipher, self.clock)
        self.audit = SqlAuditLog(database, self.cipher, self.clock)
        self.audit.begin()
        self.rows = SqlSealedRows(database, self.cipher)

    def _succeed(self, master, instead_of):
        SucceedDataKey(keys=self.keys, create_sealing_key=create_sealing_key, clock=self.clock, audit=self.audit)(
            master, instead_of
        )

    def sql(self, statement, *parameters):
        return sql(self.database.path, statement, *parameters)

    def fill(self):
        """Store values of every kind: 4 of secrets, one of them old, 3 of OAuth tokens, one of the archive."""
        for name, value in (("name:a", HIDDEN), ("name:b", "old"), ("name:b", HIDDEN), ("name:c", HIDDEN)):
            self.secrets.set(name, value)
        access, refresh = SecretValue(HIDDEN), SecretValue("refresh")
        self.tokens.upsert(OAuthToken(forge_type="gitlab", access_token=access, refresh_token=refresh))
        self.tokens.upsert(OAuthToken(forge_type="github", access_token=access))
        stamp = Fingerprint(device=1, inode=1, size=3, mtime_ns=1, sha256=b"x" * 32)
        self.archive.keep(LegacyFile(ref=REF, content=b"old", mode=0o600, links=1, fingerprint=stamp))
        return self

    def values(self):
        """Every value that the stores hand out."""
        tokens = [self.tokens.get(forge) for forge in ("gitlab", "github")]
        return {
            "secrets": {i.name: self.secrets.get(i.name).value.reveal() for i in self.secrets.list()},
            "history": self.history.get_version("name:b", 1).value.reveal(),
            "tokens": [(t.access_token.reveal(), t.refresh_token and t.refresh_token.reveal()) for t in tokens],
            "archive": self.archive.read(REF).content,
        }

    @property
    def active(self):
        return next(k.id for k in self.keys.list() if k.seals_now)

    def uses(self, key_id):
        return next(key.uses for key in self.keys.list() if key.id == key_id)

    def next_key(self):
        """Make another key active; returns the id of the one that was."""
        former = self.active
        self.keys.activate(create_sealing_key(a_master_key(), NOON + len(self.keys.list())), instead_of=former)
        return former

    def drain(self, key_id, *, limit=1_000):
        """Seal all values of a key again; returns how many."""
        return sum(iter(lambda: self.rows.reseal(key_id, limit=limit), 0))
