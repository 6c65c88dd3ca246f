"""Make an older version of a secret its value again."""

from dataclasses import dataclass

from app.audit import current_actor
from app.usecases.mounts.refresh import RefreshMounts
from domain.audit import Action
from domain.errors import Conflict, NotFound
from domain.instants import format_instant
from domain.ports import AuditLog, Clock, SecretHistory, SecretStore
from domain.secrets import SecretVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackSecret:
    """The older value becomes a new version, with the expiry that the secret has; the history keeps all."""

    secrets: SecretStore
    history: SecretHistory
    audit: AuditLog
    clock: Clock
    refresh: RefreshMounts

    def __call__(self, name: str, version: int, *, expected_version: int | None = None) -> int:
        """Return the new version. A secret that was deleted is there again.

        What is current now must still be current when the value is set, and be `expected_version` if
        that is given: raises `VersionConflict`. Raises `NotFound` if the version is not there or was
        destroyed, `Conflict` if it is the current one or the secret has expired, `Integrity` if it is
        damaged.
        """
        versions = {known.version: known for known in self.history.versions(name)}
        current = next((known.version for known in versions.values() if known.current), 0)
        expires_at = self._living(versions)
        if version in versions and version == current and expected_version in {None, current}:
            raise Conflict("that version is the current one already")
        older = self.history.get_version(name, version)
        if older is None:
            raise NotFound(
                "that secret has no such version, or it was destroyed",
                advice="`strongroom secrets history` lists them",
            )
        compared = current if expected_version is None else expected_version
        with self.audit.atomic():
            new = self.secrets.set(name, older.value.reveal(), expected_version=compared, expires_at=expires_at)
            detail = f"version {new} from version {version}"
            self.audit.record(current_actor(), Action.SECRET_ROLLBACK, name, detail=detail)
        self.refresh(name)
        return new

    def _living(self, versions: dict[int, SecretVersion]) -> int | None:
        """Return when the secret expires, None for never; raises `Conflict` if it has expired."""
        expires_at = versions[max(versions)].expires_at if versions else None
        if expires_at is not None and expires_at <= self.clock.now():
            raise Conflict(
                f"that secret expired {format_instant(expires_at)}, and a rollback keeps the expiry",
                advice="set it again; that ends the expiry, or gives it another",
            )
        return expires_at
