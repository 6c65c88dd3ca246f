"""Ask whose a token is, of the forge that it is for."""

from dataclasses import dataclass

from domain.errors import Invalid
from domain.ports import CredentialCheck
from domain.values import PENPOT_TOKEN, SecretValue, holds_token


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCredential:
    """Agents' tokens are Forgejo's; Penpot has one of its own."""

    forgejo: CredentialCheck
    penpot: CredentialCheck

    def __call__(self, name: str, token: SecretValue) -> str:
        """Return the name by which the owner of the token `name` logs in.

        Raises `CredentialRefused`, `Unreachable`, or `Invalid` where there is nobody to ask.
        """
        if not holds_token(name):
            raise Invalid(
                "this secret cannot be verified: no forge knows it",
                advice="leave verification out; it is for the tokens of agents and of Penpot",
            )
        return (self.penpot if name == PENPOT_TOKEN else self.forgejo).owner_of(token)
