"""Store a secret, if wished only once its forge has said that it is good."""

from dataclasses import dataclass

from app.usecases.check_credential import CheckCredential
from domain.errors import Invalid, VersionConflict
from domain.ports import Clock, SecretStore
from domain.values import SecretValue, parse_secret_name, parse_secret_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The version that was stored, whether the name is new, and whose token it is if the forge was asked."""

    version: int
    is_new: bool
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSecret:
    """Checked before it is stored: a value that is refused changes nothing."""

    secrets: SecretStore
    check: CheckCredential
    clock: Clock

    def __call__(
        self,
        name: str,
        value: SecretValue,
        *,
        expected_version: int | None = None,
        expires_at: int | None = None,
        verify: bool = False,
    ) -> Stored:
        """Return what was stored. Raises `Invalid` or `VersionConflict`, and with `verify` as `CheckCredential`."""
        parse_secret_value(parse_secret_name(name), value.reveal())
        if expires_at is not None and expires_at <= self.clock.now():
            raise Invalid("the expiry has passed already", advice="an instant in milliseconds since 1970, UTC")
        owner = self.check(name, value) if verify else None
        version, is_new = self._set(name, value, expected_version, expires_at)
        return Stored(version=version, is_new=is_new, owner=owner)

    def _set(self, name: str, value: SecretValue, expected: int | None, expires_at: int | None) -> tuple[int, bool]:
        """Store; without a condition it is first tried as a new name, which tells creation from change."""
        text = value.reveal()
        try:
            version = self.secrets.set(name, text, expected_version=expected or 0, expires_at=expires_at)
        except VersionConflict:
            if expected is not None:
                raise
            return self.secrets.set(name, text, expires_at=expires_at), False
        return version, not expected
