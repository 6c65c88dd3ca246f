"""The jobs of a running service: all of them, by themselves, and none of them stops it."""

import threading
import time

import pytest

from app.boot import open_service
from app.http import housekeeper
from app.http.housekeeper import Housekeeper
from domain.errors import DatabaseUnusable
from domain.jobs import Job
from tests.integration.backups.restorable import Machine

PATIENCE_S = 60


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.given["offsite_url"] = f"file://{tmp_path / 'elsewhere'}"
    (tmp_path / "elsewhere").mkdir()
    return machine


@pytest.fixture
def service(machine):
    container = open_service(machine.settings)
    yield container
    container.database().close()


class Heard:
    """A journal that tells when something is written into it."""

    def __init__(self, journal):
        self._journal = journal
        self._written = threading.Condition()

    def all(self):
        return self._journal.all()

    def put(self, record):
        self._journal.put(record)
        with self._written:
            self._written.notify_all()

    def wait_for(self, condition):
        with self._written:
            assert self._written.wait_for(lambda: condition(self._journal.all()), PATIENCE_S)
        return self._journal.all()


@pytest.fixture
def journal(service):
    heard = Heard(service.job_journal())
    service.job_journal.override(heard)
    return heard


@pytest.fixture
def keeper(service, journal, monkeypatch):
    """A housekeeper that looks often, and waits for nothing after the start."""
    monkeypatch.setattr(housekeeper, "AFTER_START_MS", {})
    monkeypatch.setattr(housekeeper, "_LOOK_EVERY_S", 0.05)
    keeper = Housekeeper(service.run_job(), service.schedule())
    yield keeper
    keeper.stop()
    join_all()


def join_all():
    """Wait for what is under way, as the end of a service does."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(PATIENCE_S)


def all_well(records):
    return len(records) == len(Job) and all(record.succeeded_at and not record.error for record in records.values())


def test_every_job_runs_and_succeeds(service, journal, keeper):
    service.secrets().set("plain", "sesame")
    service.backups().create()
    keeper.start()

    results = {job: record.result for job, record in journal.wait_for(all_well).items()}

    assert results[Job.BACKUP].startswith("made agents.db.bak-")
    assert results[Job.REHEARSAL].endswith("values opened: 1")
    assert results[Job.OFFSITE].startswith(("pushed agents.db.bak-", "all are there"))
    assert service.offsite().list()
    assert {backup.reason for backup in service.backups().list()} == {"asked", "schedule"}


def test_a_job_that_fails_says_so_is_tried_again_and_stops_nothing(service, journal, keeper, monkeypatch, caplog):
    monkeypatch.setattr("domain.jobs._DOUBLINGS", 0)
    monkeypatch.setattr("domain.jobs.MINUTE_MS", 100)
    real, fails = service.checkpoints().run, [True]

    def run():
        if fails:
            raise DatabaseUnusable("the disk refused to store")
        return real()

    monkeypatch.setattr(service.checkpoints(), "run", run)
    keeper.start()

    failed = journal.wait_for(lambda records: Job.CHECKPOINT in records and records[Job.CHECKPOINT].failures >= 2)
    fails.clear()
    mended = journal.wait_for(lambda records: not records[Job.CHECKPOINT].failures)

    assert failed[Job.CHECKPOINT].error == "the disk refused to store"
    assert mended[Job.CHECKPOINT].error is None
    told = [record.getMessage() for record in caplog.records if record.name == "strongroom.jobs"]
    assert told.count("job checkpoint failed: the disk refused to store") == 1


def test_a_journal_that_cannot_be_written_stops_nothing(service, journal, keeper, monkeypatch):
    put, fails = journal.put, threading.Event()

    def refuse(record):
        if not fails.is_set():
            fails.set()
            raise DatabaseUnusable("the disk refused to store")
        put(record)

    monkeypatch.setattr(journal, "put", refuse)
    keeper.start()

    assert fails.wait(PATIENCE_S)
    journal.wait_for(lambda records: Job.MOUNTS in records and Job.CHECKPOINT in records)


def test_in_the_first_hour_nothing_is_forgotten(service, journal, monkeypatch):
    monkeypatch.setattr(housekeeper, "_LOOK_EVERY_S", 0.05)
    keeper = Housekeeper(service.run_job(), service.schedule())
    keeper.start()
    ran = journal.wait_for(lambda records: {Job.MOUNTS, Job.OAUTH, Job.CHECKPOINT} <= records.keys())
    keeper.stop()
    join_all()

    assert not ran.keys() & {Job.SESSIONS, Job.ARCHIVE, Job.AUDIT, Job.RETENTION, Job.BACKUP, Job.REHEARSAL}


def test_of_two_instances_on_one_database_one_runs_a_job(machine, service, journal, keeper, monkeypatch):
    service.backups().create()  # for the rehearsal
    other = open_service(machine.settings)
    other.job_journal.override(journal)
    second = Housekeeper(other.run_job(), other.schedule())
    made = []
    for container in (service, other):
        create = container.unaudited_backups().create
        monkeypatch.setattr(
            container.unaudited_backups(), "create", lambda create=create, **asked: made.append(1) or create(**asked)
        )
    keeper.start()
    second.start()
    journal.wait_for(all_well)
    for each in (keeper, second):
        each.stop()
    join_all()
    other.database().close()

    assert made == [1]


def test_a_clock_that_is_put_back_does_not_put_the_jobs_to_sleep(service, journal, keeper, monkeypatch):
    keeper.start()
    journal.wait_for(lambda records: Job.MOUNTS in records)
    modified = []
    for job in keeper._scheduler.get_jobs():
        monkeypatch.setattr(type(job), "modify", lambda self, **changes: modified.append(self.id))
        break
    real = time.time

    monkeypatch.setattr(housekeeper.time, "time", lambda: real() - 3_600)
    deadline = time.monotonic() + PATIENCE_S
    while not modified and time.monotonic() < deadline:
        threading.Event().wait(0.02)

    assert set(modified) == set(Job)
