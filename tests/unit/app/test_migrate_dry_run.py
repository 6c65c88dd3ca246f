"""A dry run says what a run would do and writes nothing; one run at a time."""

import json
import threading

import pytest

from domain.errors import Busy
from domain.legacy.files import GITLAB_FILE, SESSIONS_FILE
from domain.migrations import Preference
from tests.support.memory_service import MemoryService, outcomes

KEY = "forgejo:a:acme/api:%d"
FILES = {
    GITLAB_FILE: b'{"access_token": "glpat-1"}',
    SESSIONS_FILE: json.dumps({KEY % 1: {"id": "s", "last_used_at": 1_780_000_000}, "bad": {}}).encode(),
    "tokens/imported": b"tok-1",
    "tokens/equal": b"tok-2",
    "tokens/conflict": b"tok-3",
    "tokens/known": b"tok-4",
    "tokens/rejected": b"two words",
    "tokens/unreadable": b"tok-5",
    "tokens/remains": b"tok-6",
    "tokens/left.bak": b"tok-7",
}


@pytest.fixture
def service():
    service = MemoryService()
    service.files.put("tokens/known", b"tok-4\n")
    service.migrate()
    for path, content in FILES.items():
        service.files.put(path, content)
    service.secrets.set("agent_token:equal", "tok-2")
    service.secrets.set("agent_token:conflict", "tok-row")
    service.files.make_unreadable("tokens/unreadable")
    service.files.make_unremovable("tokens/remains")
    service.calls.clear()
    service.progress.reports.clear()
    return service


WISHES = [{}, {"accept_partial": True}, {"prefer": Preference.DATABASE}, {"prefer": Preference.FILE}]


@pytest.mark.parametrize("wishes", WISHES, ids=repr)
def test_a_dry_run_reports_the_outcomes_as_they_then_come(service, wishes):
    said = service.migrate(dry_run=True, **wishes)
    done = service.migrate(**wishes)

    assert outcomes(said) == outcomes(done)
    assert [s.reason for s in said.sources] == [s.reason for s in done.sources]
    assert (said.dry_run, said.backup) == (True, None)


@pytest.mark.parametrize("wishes", WISHES, ids=repr)
def test_a_dry_run_asks_no_port_to_write(service, wishes):
    service.migrate(dry_run=True, **wishes)

    assert service.writes == []
    assert service.calls


def test_a_dry_run_finds_every_outcome(service):
    report = service.migrate(dry_run=True)

    assert outcomes(report) == {
        GITLAB_FILE: "imported",
        SESSIONS_FILE: "partial",
        "tokens/imported": "imported",
        "tokens/equal": "equal",
        "tokens/conflict": "conflict",
        "tokens/known": "already_imported",
        "tokens/rejected": "rejected",
        "tokens/unreadable": "deferred",
        "tokens/remains": "source_remains",
        "tokens/left.bak": "ignored",
    }
    assert {s.outcome.value for s in report.attention} == {
        "partial",
        "conflict",
        "rejected",
        "deferred",
        "source_remains",
    }


def test_a_run_that_finds_nothing_to_do_stores_nothing(service):
    service.migrate()
    service.migrate()
    service.calls.clear()

    service.migrate()

    assert [call for call in service.writes if call.startswith(("secrets.", "sessions.", "oauth_tokens."))] == []
    assert "backups.create" not in service.calls
    assert "legacy_files.remove" not in service.calls


def test_the_latest_outcomes_can_be_read_later(service):
    report = service.migrate()

    assert tuple(service.ledger.latest()) == report.migrations


def test_progress_is_reported_from_none_to_all(service):
    service.migrate()

    moved = [(done, total) for stage, done, total in service.progress.reports if stage == "moving files"]
    assert moved[0] == (0, 10)
    assert moved[-1] == (10, 10)


def test_while_another_holds_the_lock_we_say_so_and_then_give_up(service):
    with service.lock.hold(patience_ms=0), pytest.raises(Busy):
        service.migrate()

    assert len(service.progress.notes) == 1
    assert "waiting" in service.progress.notes[0]
    assert service.writes == ["lock.hold"]


def test_a_dry_run_waits_for_nobody(service):
    with service.lock.hold(patience_ms=0):
        report = service.migrate(dry_run=True)

    assert report.sources


def test_of_two_runs_at_once_one_imports_and_the_other_finds_it_done():
    service = MemoryService()
    service.files.put("tokens/a", b"tok-a")
    barrier = threading.Barrier(2)
    found = []

    def run():
        barrier.wait(10)
        found.append(outcomes(service.container.migrate()()))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(found, key=len) == [{}, {"tokens/a": "imported"}]
    assert service.secrets.get("agent_token:a").version == 1
