"""Asking a forge whose token this is."""

from abc import abstractmethod
from typing import Protocol

from domain.errors import NotAllowed
from domain.values import SecretValue


class CredentialRefused(NotAllowed):
    """The forge does not take this token; it was not stored."""

    code = "credential_refused"


class CredentialCheck(Protocol):
    """One forge that can be asked about a token before it is kept."""

    @abstractmethod
    def owner_of(self, token: SecretValue) -> str:
        """Return the name under which the owner of `token` logs in. Changes nothing there.

        Raises `CredentialRefused` if the forge does not take the token, `Unreachable` if it gives no
        answer that can be understood within 10 seconds, `Invalid` if no such forge is configured. No
        error and no log carries the token.
        """
