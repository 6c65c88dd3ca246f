"""Every fault that a caller may see, as a tree of facts.

DomainError
├── Invalid             the input is malformed
├── Unauthenticated     no credential, or none that we know
├── NotAllowed          known, but without the grant
├── NotFound            nothing has that name
│   └── NotConnected    there is no token of that forge
├── Conflict            what is there contradicts what was asked
│   ├── VersionConflict a compare-and-set lost
│   ├── NeedsReauth     a forge does not take our grant any more: connect again
│   └── Misconfigured   a forge does not take our client, or the token is another client's
├── Busy                another process holds the lock
│   └── RateLimited     the caller asks too often
├── Integrity           a stored value is damaged, moved, or not ours
│   ├── KeyRefused      the master key is missing, malformed, ambiguous or wrong
│   ├── NotSealed       plaintext, or something else, stands where a sealed value belongs
│   ├── UnknownKey      it names a data key that is not in the database
│   ├── Moved           it was sealed for another row, version or field
│   └── Tampered        its bytes were changed
├── Unreachable         the database or a forge does not answer
│   └── ForgeFailed     a forge gave no answer that can be used
├── DatabaseUnusable    the database is there, and cannot serve here
│   └── SchemaIncomplete a table or a column of it is missing
├── MountRefused        there is no memory in which containers could be given tokens
└── DeliveryFailed      a token could not be handed to a container, or not be taken away

`app.cli.exits` maps each to an exit code and `app.http.problems` to a status; tests prove both tables total.
Messages start in lower case, end without a period and never carry a secret.
"""

from typing import ClassVar


class DomainError(Exception):
    """A fault with a stable `code` for machines, a message for people and, where there is one, the next step."""

    code: ClassVar[str] = "failure"

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    @property
    def nameless(self) -> str:
        """What went wrong, for a log, which names no secret."""
        return self.message


class Invalid(DomainError):
    """The input is malformed; the message names the field, never the value."""

    code = "invalid"


class Unauthenticated(DomainError):
    """The caller showed no credential, or one that is unknown, expired or revoked."""

    code = "unauthenticated"


class NotAllowed(DomainError):
    """The caller is known and has no grant for this."""

    code = "not_allowed"


class NotFound(DomainError):
    """Nothing has that name."""

    code = "not_found"


class NotConnected(NotFound):
    """There is no OAuth token of that forge."""

    code = "not_connected"


class Conflict(DomainError):
    """What is there contradicts what was asked; nothing was changed."""

    code = "conflict"


class VersionConflict(Conflict):
    """A compare-and-set lost: somebody wrote in between. `actual` is the version now, 0 when absent."""

    code = "version_conflict"

    def __init__(self, name: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"{name} is at version {actual}, not at {expected}",
            advice="read it again and repeat the change on what you find",
        )
        self.expected = expected
        self.actual = actual


class NeedsReauth(Conflict):
    """A forge takes neither our access token nor our refresh token any more; only connecting again helps."""

    code = "needs_reauth"


class Misconfigured(Conflict):
    """A forge does not take our OAuth client, or none is configured, or the token was given to another one."""

    code = "config_error"


class Busy(DomainError):
    """Another process holds the lock; the same call may succeed later."""

    code = "busy"


class RateLimited(Busy):
    """The caller asks too often; `retry_after_ms` is how long to wait, None if that was not said."""

    code = "rate_limited"

    def __init__(self, message: str, *, advice: str | None = None, retry_after_ms: int | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_ms = retry_after_ms


class Integrity(DomainError):
    """A stored value is damaged, was moved, or was never sealed by us; `cause` tells which, for machines."""

    code = "integrity"
    cause: ClassVar[str] = "damaged"

    @property
    def nameless(self) -> str:
        """Why it does not open; the message would say which."""
        return f"a stored value does not open: {self.cause}"


class KeyRefused(Integrity):
    """The master key is missing, malformed, ambiguous or not the one that sealed this database."""

    code = "key_refused"
    cause = "key_refused"

    @property
    def nameless(self) -> str:
        """Say it all: it is about keys by their fingerprints."""
        return self.message


class NotSealed(Integrity):
    """Plaintext, or something else that we never sealed, stands where a sealed value belongs."""

    cause = "not_sealed"


class UnknownKey(Integrity):
    """The value names a data key that is not in the database."""

    cause = "unknown_key"


class Moved(Integrity):
    """The value was sealed for another row, version or field, and copied here."""

    cause = "moved"


class Tampered(Integrity):
    """The bytes of the value were changed."""

    cause = "tampered"


class Unreachable(DomainError):
    """The database or a forge does not answer."""

    code = "unreachable"


class ForgeFailed(Unreachable):
    """A forge gave no answer that can be used: this may pass.

    `retry_after_ms` is how long it asked us to wait, None if it did not say. `may_have_acted` tells that
    it may have done what was asked, and the answer was lost.
    """

    code = "forge_failed"

    def __init__(
        self,
        message: str,
        *,
        advice: str | None = None,
        retry_after_ms: int | None = None,
        may_have_acted: bool = False,
    ) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_ms = retry_after_ms
        self.may_have_acted = may_have_acted


class DatabaseUnusable(DomainError):
    """There is a database, and it cannot serve here: newer than the code, read-only, on a network drive."""

    code = "database_unusable"


class SchemaIncomplete(DatabaseUnusable):
    """A table or a column that should be there is missing; `missing` says which, as `table secret`."""

    def __init__(self, message: str, *, missing: str, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.missing = missing


class MountRefused(DomainError):
    """There is no memory in which containers could be given tokens: it is a disk, or another service's."""

    code = "mount_refused"


class DeliveryFailed(DomainError):
    """A token could not be handed to a container, or not be taken away again. It is tried again until it can be."""

    code = "delivery_failed"
