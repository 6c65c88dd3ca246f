"""Read a secret as it is, or one of its versions."""

from dataclasses import dataclass

from domain.errors import NotFound
from domain.instants import format_instant
from domain.ports import SecretHistory, SecretStore
from domain.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSecret:
    """With a value, or with the reason why there is none."""

    secrets: SecretStore
    history: SecretHistory

    def __call__(self, name: str, version: int | None = None) -> Secret:
        """Return the secret, or its `version`. Raises `NotFound`, which tells why, or `Integrity`."""
        secret = self.secrets.get(name) if version is None else self.history.get_version(name, version)
        if secret is None:
            raise self._why_not(name) if version is None else self._why_not_version(name, version)
        return secret

    def _why_not(self, name: str) -> NotFound:
        info = self.secrets.info(name)
        if info is not None and info.expires_at is not None:
            return _expired(info.expires_at)
        if self.history.versions(name):
            return NotFound("that secret was deleted", advice="`strongroom secrets undelete` brings it back")
        return NotFound("no secret has that name", advice="`strongroom secrets list` shows which there are")

    def _why_not_version(self, name: str, version: int) -> NotFound:
        known = next((known for known in self.history.versions(name) if known.version == version), None)
        if known is None:
            return NotFound("that secret has no such version", advice="`strongroom secrets history` lists them")
        if known.destroyed_at is None and known.expires_at is not None:
            return _expired(known.expires_at)
        return self._why_not(name) if known.current else NotFound("that version was destroyed")


def _expired(expires_at: int) -> NotFound:
    return NotFound(f"that secret expired {format_instant(expires_at)}", advice="set it again")
