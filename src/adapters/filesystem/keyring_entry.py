"""An entry in the keyring of the operating system, through the `keyring` library, which is an extra."""

import shlex
from dataclasses import dataclass

from typing_extensions import override

from domain.errors import KeyRefused
from domain.values import SecretValue

_MISSING = "the master key is to come from a keyring, and the keyring library is missing"
_INSTALL = "install it into the same environment: pip install 'strongroom[keyring]'"


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """Named as the library names it, by service and user name. Its `str` names it for people."""

    service: str
    username: str

    @override
    def __str__(self) -> str:
        return f"keyring entry {self.service}/{self.username}"

    @property
    def command(self) -> str:
        """The command by which a person stores it."""
        return shlex.join(["keyring", "set", self.service, self.username])

    def read(self) -> SecretValue:
        """Return what the entry holds. Raises `KeyRefused` if there is no such entry, or no keyring."""
        try:
            import keyring  # noqa: PLC0415 - an extra, and slow to load
            from keyring.errors import KeyringError  # noqa: PLC0415
        except ModuleNotFoundError:
            raise KeyRefused(_MISSING, advice=_INSTALL) from None
        try:
            found = keyring.get_password(self.service, self.username)
        except KeyringError as error:
            raise KeyRefused(
                f"the {self} cannot be read: {type(error).__name__}",
                advice="unlock the keyring of this user, or see `keyring diagnose`",
            ) from None
        if found is None:
            raise KeyRefused(f"there is no {self}", advice=f"`openssl rand -base64 32 | {self.command}` makes one")
        return SecretValue(found)
