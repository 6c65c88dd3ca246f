"""How the jobs went, in memory."""

from collections.abc import Mapping

from typing_extensions import override

from domain.jobs import Job, JobRecord
from domain.ports import JobJournal


class MemoryJobJournal(JobJournal):
    """Records in a dict."""

    def __init__(self) -> None:
        self._records: dict[Job, JobRecord] = {}

    @override
    def all(self) -> Mapping[Job, JobRecord]:
        return dict(self._records)

    @override
    def put(self, record: JobRecord) -> None:
        self._records[record.job] = record
