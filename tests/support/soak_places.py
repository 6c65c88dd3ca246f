"""What must be found at an address: what was acknowledged last or, after a write without an answer, one of two."""

from dataclasses import dataclass


class Lost(AssertionError):
    """The service broke a promise."""


@dataclass(frozen=True)
class Content:
    """A value (None: nothing is there) and its version; what has no versions stays at 0."""

    value: str | None = None
    version: int = 0


@dataclass
class Place:
    """An address that one client alone writes to, so that it knows what must be there."""

    path: str
    has_versions: bool = False
    known: Content = Content()
    doubtful: Content | None = None
    """What a write without an answer may have left. Who was asked is dead, so it is there or never will be."""

    @property
    def is_settled(self):
        return self.doubtful is None

    def acknowledged(self, content):
        """Note what the service says that it stored: one version further, neither none nor two."""
        self._demand(content.version == self._next_version, "was answered with", content)
        self.known, self.doubtful = content, None

    def unanswered(self, value):
        """Note a write of which nobody knows whether it was done."""
        self.doubtful = Content(value, self._next_version)

    def found(self, content):
        """Compare what was read; the doubt ends with it."""
        self._demand(content in (self.known, self.doubtful), "holds", content)
        self.known, self.doubtful = content, None

    @property
    def _next_version(self):
        return self.known.version + 1 if self.has_versions else 0

    def _demand(self, is_so, what, content):
        if not is_so:
            raise Lost(f"{self.path} {what} {content}; acknowledged: {self.known}, in doubt: {self.doubtful}")
