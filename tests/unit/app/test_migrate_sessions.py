"""Sessions merge by the newer use; a file with bad records stays until somebody accepts it."""

import json

import pytest

from domain.legacy.files import SESSIONS_FILE
from domain.sessions import Session
from tests.support.memory_service import MemoryService, outcomes, reason

MONDAY, TUESDAY, WEDNESDAY = 1_780_000_000_000, 1_780_086_400_000, 1_780_172_800_000
KEY = "forgejo:reviewer:acme/api:42"


@pytest.fixture
def service():
    return MemoryService()


def put(service, records):
    content = json.dumps(records).encode()
    service.files.put(SESSIONS_FILE, content)
    return content


def test_of_two_records_of_one_key_the_one_used_later_stays(service):
    service.sessions.set("github:a:acme/api:1", "row-older", used_at=MONDAY)
    service.sessions.set("github:a:acme/api:2", "row-newer", used_at=WEDNESDAY)
    put(service, {f"github:a:acme/api:{n}": {"id": f"file-{n}", "last_used_at": TUESDAY} for n in (1, 2, 3)})

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "imported"}
    assert [s.session_id for s in service.sessions.list()] == ["file-1", "row-newer", "file-3"]
    assert service.files.list() == []


def test_at_the_same_instant_the_row_stays(service):
    service.sessions.set(KEY, "row", used_at=MONDAY)
    put(service, {KEY: {"id": "file", "last_used_at": MONDAY}})

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "equal"}
    assert service.sessions.get(KEY).session_id == "row"


def test_a_record_comes_in_whole(service):
    put(service, {KEY: {"id": "sess-1", "lastUsedAt": TUESDAY, "created_at": "2026-05-28T20:26:40Z"}})

    service.migrate()

    assert service.sessions.get(KEY) == Session(KEY, "sess-1", last_used_at=TUESDAY, created_at=MONDAY)


def test_a_session_used_between_writing_and_checking_is_no_fault(service):
    put(service, {KEY: {"id": "file", "last_used_at": MONDAY}})
    service.before["fresh_sessions.list"] = lambda: service.sessions.set(KEY, "running", used_at=WEDNESDAY)

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "imported"}
    assert service.sessions.get(KEY).session_id == "running"


def test_the_records_are_counted(service):
    put(service, {f"forgejo:a:acme/api:{n}": {"id": "s", "last_used_at": MONDAY} for n in range(7)})

    report = service.migrate()

    assert [source.records for source in report.sources] == [7]


def test_an_empty_map_is_imported(service):
    put(service, {})

    report = service.migrate()

    assert list(outcomes(report).values()) in (["imported"], ["equal"])
    assert service.files.list() == []


BAD = {
    "gitlab:a:repo": {"id": "s", "last_used_at": MONDAY},
    "gitlab:a:g/p:2": {"id": "", "last_used_at": MONDAY},
    "gitlab:a:g/p:3": {"id": "s", "last_used_at": 12},
}


def test_good_records_come_in_bad_ones_are_named_and_the_file_stays(service):
    content = put(service, {KEY: {"id": "good", "last_used_at": MONDAY}, **BAD})

    reports = [service.migrate(), service.migrate()]

    assert [outcomes(report) for report in reports] == [{SESSIONS_FILE: "partial"}] * 2
    assert all(key in reason(reports[0], SESSIONS_FILE) for key in BAD)
    assert "3 bad of 4 records" in reason(reports[0], SESSIONS_FILE)
    assert [s.key for s in service.sessions.list()] == [KEY]
    assert service.files.content(SESSIONS_FILE) == content
    assert service.backups.list() == []


def test_accepting_it_archives_and_removes_the_file_and_counts_what_was_left(service):
    content = put(service, {KEY: {"id": "good", "last_used_at": MONDAY}, **BAD})
    service.migrate()

    report = service.migrate(accept_partial=True)

    assert outcomes(report) == {SESSIONS_FILE: "imported"}
    assert "3 bad of 4 records" in reason(report, SESSIONS_FILE)
    assert report.attention == []
    assert service.files.list() == []
    assert [service.archive.read(ref).content for ref in service.archive.list()] == [content]


def test_mended_records_come_in_with_the_mended_file(service):
    put(service, {KEY: {"id": "good", "last_used_at": MONDAY}, "bad": {}})
    service.migrate()
    put(service, {KEY: {"id": "good", "last_used_at": MONDAY}, "github:b:x/y:1": {"id": "m", "last_used_at": MONDAY}})

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "imported"}
    assert service.sessions.count() == 2


def test_a_pruned_session_does_not_return_with_a_file_that_stays(service):
    put(service, {KEY: {"id": "good", "last_used_at": MONDAY}, "bad": {}})
    service.migrate()
    service.sessions.prune_stale(WEDNESDAY)

    service.migrate()

    assert service.sessions.count() == 0


def test_every_record_bad_is_a_rejected_file(service):
    put(service, BAD)

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "rejected"}
    assert service.sessions.count() == 0
