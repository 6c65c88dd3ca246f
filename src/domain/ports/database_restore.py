"""Putting a backup in the place of the database."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from domain.backups import Backup
from domain.ports.audit_log import AuditLog
from domain.ports.connection_faults import ConnectionFaults
from domain.ports.oauth_token_store import OAuthTokenStore
from domain.restores import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRestore:
    """A private copy of a backup, of the newest schema, in which everything opened: its stores, to be made ready.

    `upgraded_from` is the schema that the backup was of, None if that is the newest. `values` counts what opened.
    """

    backup: Backup
    upgraded_from: str | None
    values: int
    oauth_tokens: OAuthTokenStore
    faults: ConnectionFaults
    audit: AuditLog


class DatabaseRestore(Protocol):
    """Restores backups of one directory. Until `replace`, the database is not even opened."""

    @abstractmethod
    def manifest(self, file: str) -> Backup:
        """Return what the manifest of the backup `file` says. Raises `NotFound`, `Integrity`, `DatabaseUnusable`."""

    @abstractmethod
    def looked_at(self, file: str) -> AbstractContextManager[StagedRestore]:
        """Check the backup `file` as `staged` does, and write nothing: the stores are read only.

        One of an older schema is upgraded in memory. Raises as `staged` does.
        """

    @abstractmethod
    def staged(self, file: str) -> AbstractContextManager[StagedRestore]:
        """Copy the backup `file` to a private place, and check the copy as a whole; it is gone at the block's end.

        Its bytes are those of its manifest, SQLite finds it whole, the master key is the one it was sealed
        under, all rows are there, every value opens. Raises `NotFound`, `Integrity` (`KeyRefused` with both
        fingerprints), `DatabaseUnusable` (newer than this version; no room), or `Busy`.
        """

    @abstractmethod
    def replace(self, staged: StagedRestore) -> Kept | None:
        """Keep what is there, and put the staged copy in its place: all of it or, whatever happens, nothing.

        Nothing that was acknowledged is lost: what is kept is what is replaced, to the last commit. A
        service that is running goes on with what was restored. Of what was there it keeps what tells of
        the present and is not the state itself: how often each data key was used, which API tokens are
        revoked, leases, and how the jobs went. Raises `Busy`, `DatabaseUnusable`.
        """

    @abstractmethod
    def exists(self) -> bool:
        """Tell whether there is a database to be replaced."""
