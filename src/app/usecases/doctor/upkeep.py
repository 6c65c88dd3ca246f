"""Look at what has to be kept up: old files, migrations, backups, and what expires."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.usecases.oauth.look import LookAtConnection
from app.usecases.open_tokens import open_tokens
from domain.backups import Reason
from domain.connections import EXPIRES_SOON_MS, Status
from domain.doctor import Check, examined
from domain.errors import DomainError, Integrity
from domain.instants import DAY_MS, HOUR_MS, format_instant
from domain.legacy.files import Kind, LegacyRef, is_left_by_editor
from domain.ports import AuditLog, BackupStore, Clock, LegacyFileSource, MigrationLedger, OAuthTokenStore, SecretStore
from domain.values import FORGES

_WITHOUT_SCHEDULE_MS = 30 * DAY_MS
_NAMED = 5
_MAKE_ONE = "make one: `strongroom backup create`"
_EVIDENCE = (
    "stop the service and copy the state directory: it is evidence. `strongroom audit verify` names every place; "
    "compare with a backup, and replace the secrets that may have been read. Then restore a backup, or begin a new "
    "chain: `strongroom audit prune --older-than 0s --accept-faults --confirm audit`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archives:
    """Where things lie that came from elsewhere or go elsewhere."""

    legacy_files: LegacyFileSource
    ledger: MigrationLedger
    backups: BackupStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineUpkeep:
    """`backup_every_ms` is the wished age of the newest backup, 0 if none is scheduled."""

    archives: Archives
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore
    look: LookAtConnection
    audit: AuditLog
    clock: Clock
    backup_every_ms: int

    def __call__(self) -> list[Check]:
        """Return the checks."""
        return [
            *examined("old files", self._old_files),
            *examined("migrations", self._migrations),
            *examined("backups", self._newest_backup),
            *examined("connections", self._connections),
            *examined("expiry", self._expiry),
            *examined("audit log", self._audit),
        ]

    def _old_files(self) -> Iterator[Check]:
        refs = self.archives.legacy_files.list()
        waiting = [ref for ref in refs if ref.kind is Kind.FILE and not _is_left_over(ref)]
        others = [ref for ref in refs if ref not in waiting]
        if waiting:
            advice = "`strongroom migrate` moves them in, and says why one stays"
            yield Check.warn("old files", f"still there, in the clear: {_named(waiting)}", advice=advice)
        if others:
            advice = "look at each; a copy that an editor left may hold a token: remove it with shred -u"
            yield Check.warn("old files", f"beside the old files, and not moved: {_named(others)}", advice=advice)
        if not refs:
            yield Check.ok("old files", "none is left")

    def _migrations(self) -> Iterator[Check]:
        outcomes = [source for migration in self.archives.ledger.latest() for source in migration.sources]
        for source in outcomes:
            if source.outcome.needs_attention:
                advice = source.outcome.next_step or ""
                yield Check.warn("migrations", f"{source.file}: {source.outcome}: {source.reason}", advice=advice)
        entries = self.archives.ledger.entries()
        if not any(source.outcome.needs_attention for source in outcomes):
            last = max((entry.imported_at for entry in entries), default=None)
            when = "none had anything to move yet" if last is None else f"the last moved a file {format_instant(last)}"
            yield Check.ok("migrations", when)

    def _newest_backup(self) -> Iterator[Check]:
        backups = [backup for backup in self.archives.backups.list() if backup.reason != Reason.RESTORE]
        if not backups:
            yield Check.warn("backups", "there is none", advice=f"{_MAKE_ONE}, and keep a copy elsewhere")
            return
        newest = backups[-1]
        detail = f"{newest.file}, made {format_instant(newest.created_at)}"
        longest = 2 * self.backup_every_ms or _WITHOUT_SCHEDULE_MS
        if not newest.verified:
            yield Check.warn("backups", f"{detail}, was never verified", advice=_MAKE_ONE)
        elif self.clock.now() - newest.created_at > longest:
            age = (self.clock.now() - newest.created_at) // HOUR_MS
            yield Check.warn("backups", f"{detail}, is {age:,} hours old", advice=_MAKE_ONE)
        else:
            yield Check.ok("backups", f"{detail}, verified")

    def _expiry(self) -> Iterator[Check]:
        soon = self.clock.now() + EXPIRES_SOON_MS
        ends = [*self._expiring_tokens(), *self._expiring_secrets()]
        urgent = [(what, at) for what, at in ends if at < soon]
        for what, at in urgent:
            verb = "expired" if at <= self.clock.now() else "expires"
            yield Check.warn("expiry", f"{what} {verb} {format_instant(at)}", advice="put a new one in its place")
        if not urgent:
            yield Check.ok("expiry", "nothing expires within a week")

    def _connections(self) -> Iterator[Check]:
        connections = [self.look(forge) for forge in FORGES]
        troubled = [each for each in connections if each.status in {Status.NEEDS_REAUTH, Status.CONFIG_ERROR}]
        for each in troubled:
            advice = f"`strongroom oauth show {each.forge}`, then `strongroom oauth connect {each.forge}`"
            yield Check.warn("connections", f"{each.forge}: {each.status}: {each.reason}", advice=advice)
        if not troubled:
            well = ", ".join(each.forge for each in connections if each.status is not Status.NOT_CONNECTED)
            yield Check.ok("connections", well or "no forge is connected")

    def _expiring_tokens(self) -> Iterator[tuple[str, int]]:
        """Give the tokens that end and cannot be refreshed. A damaged one is told by the check of the values."""
        for forge, token in open_tokens(self.oauth_tokens):
            if isinstance(token, Integrity):
                continue
            if token.expires_at is not None and token.refresh_token is None:
                yield f"the OAuth token of {forge}", token.expires_at

    def _expiring_secrets(self) -> Iterator[tuple[str, int]]:
        for info in self.secrets.list():
            if info.expires_at is not None:
                yield f"the secret {info.name}", info.expires_at

    def _audit(self) -> Iterator[Check]:
        faults = self.audit.verify()
        if faults:
            more = f"; and {len(faults) - _NAMED:,} more" if len(faults) > _NAMED else ""
            detail = f"it is not as it was recorded: {'; '.join(faults[:_NAMED])}{more}{self._refusal()}"
            yield Check.fail("audit log", detail, advice=_EVIDENCE, code=Integrity.code)
        else:
            yield Check.ok("audit log", "the chain of events is whole")

    def _refusal(self) -> str:
        """Say that nothing can be recorded, if so: what cannot be recorded is not done."""
        try:
            self.audit.check()
        except DomainError:
            return ". Until that is settled, secrets are refused"
        return ""


def _is_left_over(ref: LegacyRef) -> bool:
    return ref.aside_of is None and is_left_by_editor(ref.path.rpartition("/")[2])


def _named(refs: Sequence[LegacyRef]) -> str:
    more = f" and {len(refs) - _NAMED} more" if len(refs) > _NAMED else ""
    return ", ".join(f"{ref.root}/{ref.shown}" for ref in refs[:_NAMED]) + more
