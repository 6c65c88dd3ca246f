"""A restore beside a service that runs: it goes on with what was restored, and nothing acknowledged is lost."""

import threading

import pytest

from adapters.sql import replacing
from domain.backups import Retention
from domain.errors import DatabaseUnusable, DomainError
from tests.integration.backups.restorable import KEY, STATE_NOW, STATE_THEN, THEN, TOKEN


class Writer:
    """A thread that sets one session after another; `acknowledged` are the keys whose set has returned."""

    def __init__(self, sessions):
        self.acknowledged = []
        self.stop = threading.Event()
        self.errors = []
        self._sessions = sessions
        self._wrote = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self.stop.set()
        self._thread.join(60)

    def _run(self):
        number = 1_000
        while not self.stop.is_set():
            number += 1
            try:
                self._sessions.set(KEY % number, "written")
            except DomainError as error:
                self.errors.append(error)
                return
            with self._wrote:
                self.acknowledged.append(KEY % number)
                self._wrote.notify_all()

    def wait_for(self, more):
        with self._wrote:
            wanted = len(self.acknowledged) + more
            assert self._wrote.wait_for(lambda: len(self.acknowledged) >= wanted, 30)


def test_a_service_that_has_it_open_goes_on_with_what_was_restored(machine):
    with machine.opened() as service:
        assert service.secrets.get(TOKEN).value.reveal() != THEN

        machine.restore()

        assert service.secrets.get(TOKEN).value.reveal() == THEN
        assert [session.session_id for session in service.sessions.list()] == ["then"]
        service.secrets.set(TOKEN, "tok-later-Bk44")
        service.sessions.set(KEY % 9, "later")
    assert machine.held() == ("tok-later-Bk44", {KEY % 1: "then", KEY % 9: "later"})


def test_everything_that_was_acknowledged_is_in_what_is_kept_or_in_the_database(machine):
    with machine.opened() as service, Writer(service.sessions) as writer:
        writer.wait_for(20)
        kept = machine.restore().kept.name
        writer.wait_for(20)
    assert not writer.errors

    _, in_kept = machine.held_by(kept)
    _, in_database = machine.held()

    lost = set(writer.acknowledged) - set(in_kept) - set(in_database)
    assert not lost
    assert set(writer.acknowledged) & set(in_kept)
    assert set(writer.acknowledged) & set(in_database)
    assert not set(in_kept) & set(in_database) & set(writer.acknowledged)


def test_what_is_kept_is_made_while_nobody_can_write(machine, monkeypatch):
    """A backup made before the lock would miss what is written between the two."""
    replace_contents = replacing.replace_contents
    with machine.opened() as service:
        blocked = []

        def keep_beside_a_writer(live, source, *, keep):
            def kept():
                thread = threading.Thread(target=service.sessions.set, args=(KEY % 77, "written meanwhile"))
                thread.start()
                thread.join(0.2)
                blocked.append(thread)
                assert thread.is_alive()
                keep()

            replace_contents(live, source, keep=kept)

        monkeypatch.setattr("adapters.sql.database_restore.replace_contents", keep_beside_a_writer)
        machine.restore()
        blocked[0].join(30)
        assert not blocked[0].is_alive()

        assert service.sessions.get(KEY % 77).session_id == "written meanwhile"


def test_a_reader_sees_what_was_there_or_what_was_restored_and_nothing_else(machine):
    seen, stop = set(), threading.Event()

    with machine.opened() as service:

        def look():
            while not stop.is_set():
                with service.container.database().snapshot():
                    token = service.secrets.get(TOKEN).value.reveal()
                    sessions = tuple(sorted(s.session_id for s in service.sessions.list()))
                seen.add((token, sessions))

        thread = threading.Thread(target=look)
        thread.start()
        kept = machine.restore().kept.name
        machine.restore(kept)
        machine.restore()
        stop.set()
        thread.join(30)

    states = {(state[0], tuple(sorted(state[1].values()))) for state in (STATE_THEN, STATE_NOW)}
    assert seen <= states
    assert seen


def test_if_what_is_there_cannot_be_kept_nothing_is_replaced(machine, monkeypatch):
    def refuse(_self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adapters.sql.backup_store.SqliteBackupStore.keep", refuse)

    with pytest.raises(DatabaseUnusable, match="No space left"):
        machine.restore()

    assert machine.held() == STATE_NOW


def test_a_backup_that_was_just_restored_can_be_pruned_and_what_was_kept_stays(machine):
    kept = machine.restore().kept.name

    with machine.opened() as service:
        service.container.backups().create()
        plan = service.container.prune_backups()(Retention(last=1))

    assert [backup.file for backup in plan.removed] == [machine.backup]
    assert machine.held_by(kept) == STATE_NOW
