"""No file goes before a backup covers it, and one that cannot go, or has changed, stays and is told."""

import pytest

from adapters.memory import FileStat
from domain.errors import DatabaseUnusable, Integrity
from domain.legacy.files import GITLAB_FILE, PENPOT_FILE, SESSIONS_FILE
from domain.ports.legacy_file_source import SourceChanged, SourceRemains
from tests.support.memory_service import MemoryService, outcomes, reason

A, B, C = "tokens/a", "tokens/b", "tokens/c"
TOKENS = {A: b"tok-a", B: b"tok-b", C: b"tok-c"}


GITLAB = b'{"access_token": "glpat-1", "refresh_token": "glrt-1"}'


SESSIONS = b'{"forgejo:a:acme/api:1": {"id": "sess-1", "last_used_at": 1780000000}}'


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def tokens(service):
    for path, content in TOKENS.items():
        service.files.put(path, content)
    return service


def paths(service):
    return [ref.path for ref in service.files.list()]


def test_one_backup_covers_every_file_that_is_to_go(service):
    service.files.put(GITLAB_FILE, GITLAB)
    service.files.put(SESSIONS_FILE, SESSIONS)
    service.files.put(PENPOT_FILE, b"penpot-1")
    service.files.put("tokens/rejected", b"two words")

    report = service.migrate()

    (backup,) = service.backups.list()
    assert backup.file == report.backup
    assert len(backup.covers) == len(set(backup.covers)) == 3


def test_a_backup_that_fails_lets_no_file_go(tokens):
    tokens.fail("backups.create", DatabaseUnusable("no room for a backup"))

    report = tokens.migrate()

    assert set(outcomes(report).values()) == {"deferred"}
    assert "no room for a backup" in reason(report, A)
    assert paths(tokens) == [A, B, C]
    assert "legacy_files.remove" not in tokens.calls


def test_after_a_failed_backup_the_next_start_finishes(tokens):
    tokens.fail("backups.create", Integrity("the copy is damaged"))
    tokens.migrate()
    tokens.before.clear()

    report = tokens.migrate()

    assert set(outcomes(report).values()) == {"already_imported"}
    assert paths(tokens) == []
    assert report.backup is not None


def test_files_that_a_backup_covers_already_cost_no_second_one(tokens):
    tokens.fail("legacy_files.remove", SourceRemains("a read-only place"))
    first = tokens.migrate()
    again = [tokens.migrate() for _start in range(20)]

    assert first.backup is not None
    assert {report.backup for report in again} == {None}
    assert len(tokens.backups.list()) == 1


def test_a_file_that_only_now_turns_out_to_stay_says_so_at_each_start(service):
    service.files.put(A, b"tok-a")
    service.fail("legacy_files.remove", SourceRemains("tokens/a cannot be removed"))

    reports = [service.migrate(), service.migrate()]

    assert [outcomes(report) for report in reports] == [{A: "source_remains"}] * 2
    assert reason(reports[0], A) == "tokens/a cannot be removed"


def test_a_file_in_a_read_only_place_is_imported_once_and_costs_no_backup(service):
    service.files.put(A, b"tok-a")
    service.files.make_unremovable(A)

    reports = [service.migrate() for _start in range(3)]

    assert [outcomes(report) for report in reports] == [{A: "source_remains"}] * 3
    assert service.secrets.get("agent_token:a").version == 1
    assert service.backups.list() == []


def test_once_it_can_be_removed_it_goes(service):
    service.files.put(A, b"tok-a")
    service.files.make_unremovable(A)
    service.migrate()
    service.files.make_unremovable(A, unremovable=False)

    report = service.migrate()

    assert outcomes(report) == {A: "already_imported"}
    assert paths(service) == []
    assert service.ledger.entries()[0].removed_at is not None


def test_a_file_that_changed_meanwhile_stays_and_its_new_value_is_looked_at_next_time(service):
    service.files.put(A, b"tok-a")
    service.before["backups.create"] = lambda: service.files.put(A, b"tok-newer")

    first = service.migrate()
    service.before.clear()
    second = service.migrate()

    assert (outcomes(first), outcomes(second)) == ({A: "deferred"}, {A: "conflict"})
    assert service.files.content(A) == b"tok-newer"


def test_a_file_that_is_no_longer_the_one_that_was_read_is_deferred(service):
    service.files.put(A, b"tok-a")
    service.fail("legacy_files.remove", SourceChanged("another file"))

    report = service.migrate()

    assert outcomes(report) == {A: "deferred"}
    assert service.ledger.entries()[0].removed_at is None


def test_hard_links_and_modes_that_deserve_a_remark_get_one(service):
    service.files.put(A, b"tok-a", stat=FileStat(mode=0o644, links=2))
    service.files.put(B, b"tok-b")

    report = service.migrate()

    assert "another name" in reason(report, A)
    assert "0644" in reason(report, A)
    assert (outcomes(report)[A], reason(report, B)) == ("imported", None)


def test_a_file_left_aside_by_a_killed_removal_is_its_old_self(service):
    service.files.put("tokens/.a.aside", b"tok-a", aside_of=A)

    report = service.migrate()

    assert list(outcomes(report).values()) == ["imported"]
    assert service.secrets.get("agent_token:a").value.reveal() == "tok-a"
    assert service.ledger.entries()[0].file == A
