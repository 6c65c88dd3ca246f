"""What must be found at an address: what was acknowledged there last or, after a write without an answer, either of two."""

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
    known: Content = Content()
    doubtful: Content | None = None
    """What a write that was not answered may have left. The process that was asked is dead, so it is there or never will."""

    @property
    def is_settled(self):
        return self.doubtful is None

    def acknowledged(self, content):
        """Note what the service says that it stored."""
        self._demand(content.version == self._next_version(content), "was answered with", content)
        self.known, self.doubtful = content, None

    def unanswered(self, value):
        """Note a write of which nobody knows whether it was done."""
        self.doubtful = Content(value, self.known.version + 1 if self.known.version else 0)

    def found(self, content):
        """Compare what was read; the doubt ends with it."""
        self._demand(content in (self.known, self.doubtful), "holds", content)
        self.known, self.doubtful = content, None

    def _next_version(self, content):
        return self.known.version + 1 if content.version else 0

    def _demand(self, is_so, what, content):
        if not is_so:
            raise Lost(f"{self.path} {what} {content}; acknowledged: {self.known}, in doubt: {self.doubtful}")
