"""Where it is written down how the jobs went."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from domain.jobs import Job, JobRecord


class JobJournal(Protocol):
    """One record a job, shared by all instances that share a database."""

    @abstractmethod
    def all(self) -> Mapping[Job, JobRecord]:
        """Return the record of each job that has one; what a newer version wrote of others is passed over."""

    @abstractmethod
    def put(self, record: JobRecord) -> None:
        """Put a record in place of the one of its job. A power cut may take the last ones, no more."""
