"""Take stock of what the service keeps: what `status` shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.usecases.jobs.schedule import JobView, Schedule
from app.usecases.mounts.look import LookAtMounts, MountView
from app.usecases.oauth.look import LookAtConnection
from app.usecases.open_tokens import open_tokens
from domain.backups import Backup
from domain.connections import Connection
from domain.errors import Integrity
from domain.migrations import LedgerEntry, MigrationOutcome
from domain.ports import (
    BackupStore,
    Clock,
    LegacyArchive,
    MigrationLedger,
    OAuthTokenStore,
    SecretStore,
    SessionStore,
)
from domain.secrets import SecretInfo
from domain.values import FORGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Rows of each kind, how the migrations stand, the backups, tokens, what expires, what does not open."""

    taken_at: int
    rows: Mapping[str, int]
    ledger: list[LedgerEntry]
    migrations: list[MigrationOutcome]
    backups: list[Backup]
    connections: list[Connection]
    """To each forge, whether there is one or not."""
    mortal_secrets: list[SecretInfo]
    """Secrets with an expiry, expired ones too."""
    damaged: list[str]
    jobs: list[JobView]
    mounts: list[MountView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Looks at every store; changes nothing."""

    sessions: SessionStore
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore
    look: LookAtConnection
    archive: LegacyArchive
    ledger: MigrationLedger
    backups: BackupStore
    schedule: Schedule
    look_at_mounts: LookAtMounts
    clock: Clock

    def __call__(self) -> Stock:
        """Return today's stock; a token that does not open is named, and the rest goes on."""
        tokens, damaged = self._tokens()
        secrets = self.secrets.list()
        return Stock(
            taken_at=self.clock.now(),
            rows={
                "sessions": self.sessions.count(),
                "secrets": len(secrets),
                "oauth_tokens": tokens,
                "archived_files": len(self.archive.contents()),
            },
            ledger=self.ledger.entries(),
            migrations=self.ledger.latest(),
            backups=self.backups.list(),
            connections=[self.look(forge) for forge in FORGES],
            mortal_secrets=[info for info in secrets if info.expires_at is not None],
            damaged=damaged,
            jobs=self.schedule.look(),
            mounts=self.look_at_mounts(),
        )

    def _tokens(self) -> tuple[int, list[str]]:
        """Count the tokens that open, and say what is wrong with the others."""
        tokens = [token for _, token in open_tokens(self.oauth_tokens)]
        damaged = [token.message for token in tokens if isinstance(token, Integrity)]
        return len(tokens) - len(damaged), damaged
