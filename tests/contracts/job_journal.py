"""What every journal of jobs does."""

import pytest

from domain.jobs import Job, JobRecord

NOON = 1_795_521_600_000


class JobJournalContract:
    """Subclasses override `journal`, an empty one."""

    @pytest.fixture
    def journal(self):
        raise NotImplementedError

    def test_nothing_is_known_of_what_never_ran(self, journal):
        assert journal.all() == {}

    def test_a_record_is_found_as_it_was_put(self, journal):
        begun = JobRecord(job=Job.BACKUP).begun(NOON)
        failed = JobRecord(job=Job.MOUNTS).begun(NOON).failed(NOON + 1, "no room")
        done = JobRecord(job=Job.AUDIT).begun(NOON).succeeded(NOON + 2, "events forgotten: 3")
        for record in (begun, failed, done):
            journal.put(record)

        assert journal.all() == {Job.BACKUP: begun, Job.MOUNTS: failed, Job.AUDIT: done}

    def test_a_record_takes_the_place_of_the_one_before(self, journal):
        first = JobRecord(job=Job.BACKUP).begun(NOON).failed(NOON, "no room")
        journal.put(first)
        second = first.begun(NOON + 60_000).succeeded(NOON + 60_001, "made it")
        journal.put(second)

        assert journal.all() == {Job.BACKUP: second}
