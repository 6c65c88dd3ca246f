"""A backup is a private copy with a manifest, under a name of its own; nothing else in its directory is touched."""

import fcntl
import hashlib
import json
import os
import re
import sqlite3
import stat
import threading
from types import SimpleNamespace

import pytest

from adapters.sql import HEAD, SqlSecretStore, backup_store, count_rows, room
from domain.backups import Reason
from domain.errors import DatabaseUnusable, NotFound
from tests.support.backed_up import HIDDEN, KEY, BackedUp, sql
from tests.support.recipes import a_cipher, a_database, a_master_key

NAME = "agents.db.bak-20261124T120000Z"


@pytest.fixture
def service(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield BackedUp(database, tmp_path / "backups")


def test_a_backup_is_a_private_file_beside_its_manifest_under_any_umask(service):
    before = os.umask(0o022)
    try:
        backup = service.backups.create()
    finally:
        os.umask(before)

    assert (backup.file, service.names) == (NAME, [NAME, f"{NAME}.json"])
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in service.directory.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(service.directory.stat().st_mode) == 0o700


def test_a_backup_is_a_database_of_its_own_with_every_row(service):
    service.backups.create()

    with a_database(service.directory / NAME) as copy:
        secrets = SqlSecretStore(copy, a_cipher(copy), service.clock)
        assert secrets.get("agent_token:reviewer").value.reveal() == HIDDEN
        assert count_rows(copy) == count_rows(service.database)


def test_a_backup_needs_no_log(service):
    service.backups.create()

    assert sql(service.directory / NAME, "PRAGMA journal_mode") == [("delete",)]
    assert sql(service.directory / NAME, "PRAGMA integrity_check") == [("ok",)]


def test_the_manifest_says_what_was_made(service):
    covers = ("0a" * 32, "0b" * 32)

    backup = service.backups.create(reason=Reason.MIGRATION, covers=covers)

    manifest = json.loads((service.directory / f"{NAME}.json").read_text())
    content = (service.directory / NAME).read_bytes()
    (key_id,) = [key for (key,) in sql(service.database.path, "SELECT id FROM data_key WHERE purpose = 'seal'")]
    assert manifest == {
        "format": 1,
        "file": NAME,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "verified": True,
        "created_at": service.clock.now(),
        "schema": HEAD,
        "application_version": "1.2.3",
        "engine_version": f"SQLite {sqlite3.sqlite_version}",
        "key_fingerprint": a_master_key().fingerprint,
        "rows": count_rows(service.database),
        "rows_by_key": {key_id: 3},
        "covers": list(covers),
        "reason": "migration",
        "sequence": 1,
    }
    assert service.backups.list() == [backup]


def test_neither_the_backup_nor_its_manifest_holds_a_value_in_the_clear(service):
    service.backups.create()

    assert all(HIDDEN.encode() not in entry.read_bytes() for entry in service.directory.iterdir())


def test_two_backups_in_one_second_have_two_names(service):
    names = [service.backups.create().file for _ in range(3)]

    assert names == [NAME, f"{NAME}-2", f"{NAME}-3"]
    assert [backup.file for backup in service.backups.list()] == names


def test_backups_are_listed_in_the_order_they_were_made_though_the_clock_was_put_back(service):
    first = service.backups.create()
    service.clock.advance(-86_400_000)
    second = service.backups.create()

    assert service.backups.list() == [first, second]


def test_what_a_killed_backup_left_behind_goes_with_the_next(service):
    service.directory.mkdir()
    for name in (f"{NAME}.partial", "agents.db.bak-20200101T000000Z-7.partial", f"{NAME}.json.partial"):
        (service.directory / name).write_bytes(b"half")

    service.backups.create()

    assert service.names == [NAME, f"{NAME}.json"]


def test_what_another_is_just_writing_is_no_leftover(service):
    service.directory.mkdir()
    unfinished = [
        service.directory / f"{NAME}{end}" for end in (".partial", ".partial-journal", ".json", ".json.partial")
    ]
    for path in unfinished:
        path.write_bytes(b"half")
    with unfinished[0].open("ab") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)

        other = service.backups.create()

    assert other.file == f"{NAME}-2"
    assert all(path.exists() for path in unfinished)


def test_one_that_is_made_while_another_is_being_made_takes_nothing_of_it(service, monkeypatch):
    copy, inner = backup_store._paced_copy, []

    def make_another_first(source, partial, connect):
        if not inner:
            inner.append(None)
            inner[0] = service.backups.create()
        copy(source, partial, connect)

    monkeypatch.setattr(backup_store, "_paced_copy", make_another_first)
    outer = service.backups.create()

    assert (outer.file, inner[0].file) == (NAME, f"{NAME}-2")
    assert all(service.backups.verify(backup.file) == backup for backup in (outer, inner[0]))


@pytest.mark.parametrize("name", ["../agents.db", "/etc/passwd", "..", "", "agents.db.bak-20261124T120000Z/..", "\0"])
def test_what_is_no_name_of_a_backup_is_not_looked_for(service, name):
    service.backups.create()

    for ask in (service.backups.verify, service.backups.remove, lambda name: service.backups.opened(name).__enter__()):
        with pytest.raises(NotFound):
            ask(name)


def test_what_is_not_ours_in_the_directory_is_left_alone(service):
    service.directory.mkdir()
    foreign = {
        "agents.db.bak": b"by hand",
        "agents.db.bak-yesterday": b"by hand",
        "agents.db.bak-yesterday.partial": b"by hand",
        "other.db.bak-20200101T000000Z.partial": b"another's",
        "notes.txt": b"x",
    }
    for name, content in foreign.items():
        (service.directory / name).write_bytes(content)

    service.backups.create()

    assert {name: (service.directory / name).read_bytes() for name in foreign} == foreign
    assert [backup.file for backup in service.backups.list()] == [NAME]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'{"format": 2}', b"\xff", b'{"format": 1, "file": 3}']
)
def test_a_manifest_that_is_none_is_passed_over(service, content):
    service.backups.create()
    (service.directory / f"{NAME}-2").write_bytes(b"")
    (service.directory / f"{NAME}-2.json").write_bytes(content)

    assert [backup.file for backup in service.backups.list()] == [NAME]


def test_a_manifest_without_its_backup_is_no_backup(service):
    service.backups.create()
    (service.directory / NAME).unlink()

    assert service.backups.list() == []


def test_without_room_there_is_no_backup_and_no_file(service, monkeypatch):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1))

    with pytest.raises(DatabaseUnusable, match=r"no room for a backup: \d+ bytes are needed in .*, 1 are free"):
        service.backups.create()

    assert service.names == []


def test_a_directory_that_cannot_be_made_is_told(service):
    service.directory.write_bytes(b"in the way")

    with pytest.raises(DatabaseUnusable, match="the backup could not be written to"):
        service.backups.create()


def test_a_name_that_is_taken_is_never_written_over(service):
    service.directory.mkdir()
    (service.directory / NAME).write_bytes(b"an older one")

    backup = service.backups.create()

    assert backup.file == f"{NAME}-2"
    assert (service.directory / NAME).read_bytes() == b"an older one"


def test_a_failed_rename_leaves_no_file(service, monkeypatch):
    def refuse(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.rename", refuse)

    with pytest.raises(DatabaseUnusable, match="No space left on device"):
        service.backups.create()

    assert service.names == []


class Writer:
    """A thread that sets session after session; `acknowledged` are the keys whose set has returned."""

    def __init__(self, sessions):
        self.acknowledged = []
        self.wrote = threading.Event()
        self.stop = threading.Event()
        self._sessions = sessions
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self.stop.set()
        self._thread.join(30)

    def _run(self):
        for number in range(2, 3_000):
            if self.stop.is_set():
                return
            self._sessions.set(KEY % number, f"sess-{number}")
            self.acknowledged.append(KEY % number)
            self.wrote.set()

    def wait_for_another(self):
        self.wrote.clear()
        assert self.wrote.wait(30)


def test_a_backup_beside_a_busy_writer_makes_it_wait_for_no_end_and_holds_all_that_was_acknowledged(
    service, monkeypatch
):
    monkeypatch.setattr(backup_store, "STEP_PAGES", 20)
    writer = Writer(service.sessions)
    monkeypatch.setattr(backup_store, "_syncing", lambda _fd: lambda *_pages: writer.wait_for_another())
    with writer:
        writer.wait_for_another()
        before = set(writer.acknowledged)

        backup = service.backups.create()

    held = [row[0] for row in sql(service.directory / NAME, "SELECT key FROM claude_sdk_sessions")]
    assert before <= set(held)
    assert set(writer.acknowledged) - set(held)
    assert len(held) == backup.rows["claude_sdk_sessions"]


def test_the_name_is_a_utc_timestamp(service):
    service.clock.set(1_795_000_000_999)

    assert re.fullmatch(r"agents\.db\.bak-20261118T110640Z", service.backups.create().file)
