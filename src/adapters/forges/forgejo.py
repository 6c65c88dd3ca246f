"""Whose token is this, asked of Forgejo (https://forgejo.org/docs/latest/user/api-usage/)."""

from typing_extensions import override

from adapters.forges.asking import Site, ask, shown_name
from domain.ports import CredentialCheck
from domain.values import SecretValue


class ForgejoCredentialCheck(CredentialCheck):
    """`GET /api/v1/user`, for which a token needs the scope `read:user`."""

    def __init__(self, url: str | None) -> None:
        self._site = Site(
            "Forgejo",
            url,
            setting="STRONGROOM_FORGEJO_URL",
            path="/api/v1/user",
            when_forbidden="give it the scope read:user as well, or leave the check out",
        )

    @override
    def owner_of(self, token: SecretValue) -> str:
        return shown_name(self._site, ask(self._site, "token", token).get("login"))
