"""A restore brings what the backup holds, and keeps what was there; whatever the database is by then."""

import os
import shutil
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from app.restoring import restore
from domain.backups import Reason
from domain.connections import ConnectionFault, FaultKind
from domain.errors import Busy
from domain.jobs import Job
from tests.integration.backups.restorable import STATE_NOW, STATE_THEN, Machine, rows_of
from tests.support.backed_up import sql

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_the_database_is_what_the_backup_holds_and_what_was_there_is_kept(machine):
    restored = machine.restore()

    assert machine.held() == STATE_THEN
    assert restored.kept.is_backup
    assert machine.held_by(restored.kept.name) == STATE_NOW


def test_what_was_kept_is_verified_and_says_why_it_was_made(machine):
    kept = machine.restore().kept.name

    with machine.opened() as state:
        backup = state.container.backups().list()[-1]
        assert (backup.file, backup.reason, backup.verified) == (kept, Reason.RESTORE, True)
        assert state.container.backups().verify(kept) == backup


def test_a_restore_can_be_taken_back(machine):
    kept = machine.restore().kept.name

    machine.restore(kept)

    assert machine.held() == STATE_NOW


def test_the_database_stays_private_and_nothing_is_left_beside_it(machine):
    before = os.umask(0)
    try:
        machine.restore()
    finally:
        os.umask(before)

    assert sorted(path.name for path in machine.state_dir.iterdir()) == ["agents.db", "backups", "strongroom.lock"]
    assert stat.S_IMODE(machine.database.stat().st_mode) == 0o600


def test_a_plan_says_what_would_happen_and_writes_nothing(machine):
    before = machine.fingerprints()

    plan = machine.plan()

    assert (plan.backup.file, plan.upgrades_from, plan.replaces) == (machine.backup, None, True)
    assert plan.connections == ("gitlab",)
    assert plan.values == 3
    assert machine.fingerprints() == before


def test_on_a_machine_with_nothing_but_the_key_there_is_a_database_afterwards(machine, tmp_path):
    other = Machine(tmp_path / "other")
    other.config_dir.mkdir(parents=True, mode=0o700)
    shutil.copy2(machine.key_file, other.key_file)

    restored = other.restore(machine.file)

    assert restored.kept is None
    assert other.held() == STATE_THEN
    assert stat.S_IMODE(other.database.stat().st_mode) == 0o600


def test_the_restore_is_an_event_of_the_log_that_is_restored(machine):
    machine.restore()

    with machine.opened() as state:
        (event,) = [e for e in state.container.audit().list() if e.action == "backup.restore"]
        assert event.subject == machine.backup
        assert state.container.audit().verify() == []


def test_a_token_of_the_api_that_was_revoked_since_is_not_good_again(machine):
    with machine.opened() as state:
        make, tokens = state.container.create_api_token(), state.container.api_tokens()
        revoked, _ = make("revoked", ("admin",))
        make("living", ("admin",))
        backup = state.container.backups().create().file
        tokens.revoke(revoked.id, state.container.clock().now())

    machine.restore(backup)

    with machine.opened() as state:
        stored = {token.name: token.revoked_at for token in state.container.api_tokens().list()}
        assert stored["revoked"] is not None
        assert stored["living"] is None


def test_a_data_key_has_been_used_no_less_often_than_it_was(machine):
    with machine.opened() as state:
        for number in range(5):
            state.secrets.set("plain", str(number))
        uses = {key.id: key.uses for key in state.container.data_keys().list()}

    machine.restore()

    with machine.opened() as state:
        assert {key.id: key.uses for key in state.container.data_keys().list()} == uses


def test_values_can_be_stored_after_a_restore_from_before_a_rotation(machine):
    with machine.opened() as state:
        state.container.rotate_data_keys()()

    machine.restore()

    with machine.opened() as state:
        state.secrets.set("plain", "later")
        assert state.secrets.get("plain").value.reveal() == "later"


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_a_backup_of_an_older_schema_is_upgraded(machine, tmp_path, revision):
    old = machine.state_dir / f"old-{revision}"
    fixture = FIXTURES / f"schema-{revision}"
    connection = sqlite3.connect(old)
    connection.executescript((fixture / "agents.sql").read_text())
    connection.close()
    shutil.copyfile(old, machine.file)
    shutil.copyfile(fixture / "master.key", machine.key_file)
    machine.describe_as_it_is()
    machine.rewrite_manifest(schema=revision, rows=rows_of(machine.file))
    before = machine.fingerprints()

    plan = machine.plan()

    assert plan.upgrades_from == revision
    assert machine.fingerprints() == before

    machine.restore()

    token, sessions = machine.held()
    assert token == "token-of-reviewer-2"
    assert sessions == {"forgejo:reviewer:acme/api:42": "session-1"}


def in_the_way_of_reading(machine):
    machine.database.write_bytes(b"this is no database, but bytes that somebody may still want" * 100)


def another_database(machine):
    machine.database.unlink()
    connection = sqlite3.connect(machine.database)
    connection.executescript("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine');")
    connection.close()


def cut_off(machine):
    os.truncate(machine.database, machine.database.stat().st_size // 2)


def pages_overwritten(machine):
    content = bytearray(machine.database.read_bytes())
    content[8_192:40_960] = bytes(32_768)
    machine.database.write_bytes(content)


def emptied(machine):
    machine.database.write_bytes(b"")


@pytest.mark.parametrize(
    "happens", [in_the_way_of_reading, another_database, cut_off, pages_overwritten, emptied], ids=lambda f: f.__name__
)
def test_whatever_the_database_has_become_the_backup_takes_its_place_and_it_is_kept(machine, happens):
    happens(machine)
    there = machine.database.read_bytes()

    kept = machine.restore().kept

    assert machine.held() == STATE_THEN
    if not kept.is_backup:
        assert Path(kept.name).read_bytes() == there
    else:
        assert (machine.backups / kept.name).exists()


def test_another_database_that_was_there_is_kept_as_a_backup_that_holds_it(machine):
    another_database(machine)

    kept = machine.restore().kept

    assert kept.is_backup
    assert sql(machine.backups / kept.name, "SELECT text FROM notes") == [("mine",)]


@pytest.mark.parametrize("is_guest", [True, False])
def test_a_file_that_is_no_database_is_kept_with_its_log(machine, is_guest):
    in_the_way_of_reading(machine)
    log = machine.database.with_name("agents.db-wal")
    log.write_bytes(b"whatever this is")

    kept = restore(replace(machine.settings, is_guest=is_guest), machine.backup).kept

    assert not kept.is_backup
    assert Path(f"{kept.name}-wal").read_bytes() == b"whatever this is"
    assert machine.held() == STATE_THEN


def a_log_of_another_database(tmp_path):
    """Return the log and the index of a database that somebody still has open."""
    other = sqlite3.connect(tmp_path / "foreign.db", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("PRAGMA wal_autocheckpoint=0")
    other.execute("CREATE TABLE foreign_rows (text)")
    for number in range(300):
        other.execute("INSERT INTO foreign_rows VALUES (?)", (f"foreign {number}" * 50,))
    found = {end: (tmp_path / f"foreign.db{end}").read_bytes() for end in ("-wal", "-shm")}
    other.close()
    return found


@pytest.mark.parametrize("ends", [("-wal",), ("-shm",), ("-wal", "-shm")])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_foreign_log_is_never_played_into_what_is_restored(machine, tmp_path, ends, is_there):
    if not is_there:
        machine.database.unlink()
    for end, content in a_log_of_another_database(tmp_path).items():
        if end in ends:
            machine.database.with_name(f"agents.db{end}").write_bytes(content)

    machine.restore()

    assert machine.held() == STATE_THEN
    assert sql(machine.database, "PRAGMA integrity_check") == [("ok",)]
    assert sql(machine.database, "SELECT name FROM sqlite_master WHERE name = 'foreign_rows'") == []


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_foreign_log_beside_the_backup_is_not_looked_at(machine, tmp_path, end):
    content = a_log_of_another_database(tmp_path).get(end, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    machine.file.with_name(f"{machine.backup}{end}").write_bytes(content)
    before = machine.fingerprints()

    assert machine.plan().values == 3
    assert machine.fingerprints() == before

    machine.restore()

    assert machine.held() == STATE_THEN


def test_what_cannot_be_read_is_not_replaced_while_a_process_has_it_open(machine):
    in_the_way_of_reading(machine)
    other = sqlite3.connect(machine.state_dir / "fine.db", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE t (x)")
    index = machine.state_dir / "fine.db-shm"
    os.link(index, machine.database.with_name("agents.db-shm"))
    try:
        before = machine.database.read_bytes()
        pid = os.fork()  # locks of one process do not keep each other out
        if pid == 0:
            try:
                machine.restore()
            except Busy:
                os._exit(7)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
    finally:
        other.close()

    assert os.waitstatus_to_exitcode(status) == 7
    assert machine.database.read_bytes() == before


def faults_of(machine, forge="gitlab"):
    with machine.opened() as state:
        return state.container.connection_faults().get(forge)


def test_oauth_tokens_are_marked_for_a_check(machine):
    restored = machine.restore()

    fault = faults_of(machine)
    with machine.opened() as state:
        token = state.oauth_tokens.get("gitlab")
    assert restored.connections == ("gitlab",)
    assert (fault.kind, fault.token_version) == (FaultKind.UNCHECKED, token.version)
    assert "restored from a backup" in fault.reason


def test_a_token_that_its_forge_had_refused_stays_refused(machine):
    with machine.opened() as state:
        token = state.oauth_tokens.get("gitlab")
        refused = ConnectionFault(
            forge="gitlab", token_version=token.version, kind=FaultKind.NEEDS_REAUTH, reason="revoked", since=1, at=2
        )
        state.container.connection_faults().record(refused)
        backup = state.container.backups().create().file

    restored = machine.restore(backup)

    assert restored.connections == ()
    assert faults_of(machine) == refused


def test_who_has_a_lease_now_has_it_afterwards(machine):
    with machine.opened() as state:
        lease = state.container.leases().acquire("oauth:gitlab", ttl_ms=60_000)

        machine.restore()

        assert state.container.leases().acquire("oauth:gitlab", ttl_ms=60_000) is None
        state.container.leases().release(lease)
        assert state.container.leases().acquire("oauth:gitlab", ttl_ms=60_000).fence == lease.fence + 1


def test_how_the_jobs_went_is_not_forgotten(machine):
    with machine.opened() as state:
        record = state.container.run_job().at_once(Job.REHEARSAL)

    machine.restore()

    with machine.opened() as state:
        records = state.container.job_journal().all()
    assert records[Job.REHEARSAL] == record


def test_nothing_is_forgotten_in_the_first_hour_after_a_restore(machine):
    machine.restore()

    with machine.opened() as state:
        records, now = state.container.job_journal().all(), state.container.clock().now()
    assert {job for job in records if not records[job].is_due(now, 3_600_000)} == {job for job in Job if job.forgets}


def test_what_is_revoked_while_the_restore_waits_for_its_turn_stays_revoked(machine, monkeypatch):
    from adapters.sql import database_restore

    replace_contents = database_restore.replace_contents
    with machine.opened() as state:
        token, _ = state.container.create_api_token()("test", ("admin",))
        backup = state.container.backups().create().file

        def revoke_first(live, source, *, keep):
            state.container.api_tokens().revoke(token.id, state.container.clock().now())
            replace_contents(live, source, keep=keep)

        monkeypatch.setattr(database_restore, "replace_contents", revoke_first)
        machine.restore(backup)

        (stored,) = state.container.api_tokens().list()
        assert stored.revoked_at is not None


def test_what_is_revoked_in_a_database_of_an_older_schema_stays_revoked(machine):
    with machine.opened() as state:
        token, _ = state.container.create_api_token()("test", ("admin",))
        backup = state.container.backups().create().file
        state.container.api_tokens().revoke(token.id, state.container.clock().now())
    sql(machine.database, "DROP TABLE job")

    machine.restore(backup)

    with machine.opened() as state:
        assert [each.revoked_at is None for each in state.container.api_tokens().list()] == [False]
