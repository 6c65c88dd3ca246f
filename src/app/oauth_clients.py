"""Our OAuth client at each forge: from settings and, if nothing outside sets it, its secret from the secret store."""

from dataclasses import dataclass
from typing import Final

from app.settings import Settings
from domain.errors import Integrity, Misconfigured
from domain.oauth import OAuthClient
from domain.ports import SecretStore, SettingStore
from domain.values import FORGES, SecretValue, is_base_url, parse_forge

CLIENT_SECRETS: Final = tuple(f"{forge}_client_secret" for forge in FORGES)
"""Settings that the database keeps as secrets of the same names."""


@dataclass(frozen=True, slots=True)
class ConfiguredClients:
    """Looks each time: a client that is changed is used from then on, by a running service too."""

    settings: Settings
    stored: SettingStore
    secrets: SecretStore

    def __call__(self, forge: str) -> OAuthClient:
        """Return the client of `forge`, its id empty if none is configured.

        Raises `Misconfigured` if the forge has no address, or none that can be used.
        """
        parse_forge(forge)
        settings = self.settings.with_stored(self.stored.all())
        return OAuthClient(
            forge=forge,
            base_url=_base_url(forge, getattr(settings, f"{forge}_url")),
            id=getattr(settings, f"{forge}_client_id") or "",
            secret=getattr(settings, f"{forge}_client_secret") or self._kept_secret(forge),
            redirect_uri=f"{settings.public_url.rstrip('/')}/oauth/{forge}/callback",
            scopes=tuple(getattr(settings, f"{forge}_scopes").split()),
            is_address_set=settings.is_set(f"{forge}_url"),
        )

    def _kept_secret(self, forge: str) -> SecretValue | None:
        name = f"{forge}_client_secret"
        try:
            kept = self.secrets.get(name)
        except Integrity as error:
            raise Misconfigured(error.message, advice=f"`strongroom secrets set {name}`") from None
        return None if kept is None else SecretValue(kept.value.reveal().strip())


def _base_url(forge: str, url: str | None) -> str:
    variable = f"STRONGROOM_{forge.upper()}_URL"
    if not url:
        raise Misconfigured(f"no {forge} is configured", advice=f"set {variable}")
    if not is_base_url(url):
        raise Misconfigured(f"{variable} is not an http:// or https:// address of a forge", advice=f"set {variable}")
    return url.rstrip("/")
