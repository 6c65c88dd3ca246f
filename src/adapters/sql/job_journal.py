"""How the jobs went, in `job`."""

from collections.abc import Mapping

from sqlalchemy import select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import job as table
from domain.jobs import Job, JobRecord
from domain.ports import JobJournal

_FIELDS = ("started_at", "ended_at", "succeeded_at", "result", "error", "failures")
_NAMES = frozenset(Job)


class SqlJobJournal(JobJournal):
    """A row a job, written without waiting for the disk: what is lost in a power cut is a run that is made again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all = database.prepare(select(table.c.name, *(table.c[name] for name in _FIELDS)))
        insert = database.insert(table)
        sent = {name: insert.excluded[name] for name in _FIELDS}
        self._put = database.prepare(insert.on_conflict_do_update(index_elements=["name"], set_=sent))

    @override
    def all(self) -> Mapping[Job, JobRecord]:
        return {
            Job(name): JobRecord(job=Job(name), **dict(zip(_FIELDS, said, strict=True)))
            for name, *said in self._database.all(self._all)
            if name in _NAMES
        }

    @override
    def put(self, record: JobRecord) -> None:
        said = {name: getattr(record, name) for name in _FIELDS}
        with self._database.lazy_transaction() as transaction:
            transaction.run(self._put, {"name": record.job.value, **said})
