"""Whose token is this, asked of Penpot."""

from typing_extensions import override

from adapters.forges.asking import Site, ask, refused, shown_name
from domain.ports import CredentialCheck
from domain.values import SecretValue

_NOBODY = "00000000-0000-0000-0000-000000000000"
"""The profile that Penpot shows to a token that it does not know, with status 200."""


class PenpotCredentialCheck(CredentialCheck):
    """`GET /api/rpc/command/get-profile`; its users log in by their e-mail address."""

    def __init__(self, url: str | None) -> None:
        self._site = Site(
            "Penpot",
            url,
            setting="STRONGROOM_PENPOT_URL",
            path="/api/rpc/command/get-profile",
            when_forbidden="see that this Penpot takes access tokens (flag enable-access-tokens)",
        )

    @override
    def owner_of(self, token: SecretValue) -> str:
        profile = ask(self._site, "Token", token)
        if profile.get("id") == _NOBODY:
            raise refused(self._site)
        return shown_name(self._site, profile.get("email"))
