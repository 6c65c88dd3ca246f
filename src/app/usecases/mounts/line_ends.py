"""How the file of a token ended when it was a file: in a mount it ends so still."""

from dataclasses import dataclass

from domain.ports import SettingStore

_ENTRY = "line_end_of:"
"""How the entries of the settings table begin that hold this; they are no settings."""


@dataclass(frozen=True, slots=True)
class LineEnds:
    """By the name of the secret. A token that came from no file has no end: whoever reads it is given the token."""

    settings: SettingStore

    def of(self, secret: str) -> str:
        """Return what stands behind the token in its file."""
        return self.settings.all().get(_ENTRY + secret, "")

    def note(self, secret: str, end: str) -> None:
        """Remember the end of the file that `secret` was read from."""
        if end == self.of(secret):
            return
        if end:
            self.settings.set(_ENTRY + secret, end)
        else:
            self.settings.unset(_ENTRY + secret)
