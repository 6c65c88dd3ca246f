"""In which order a migration does what it does, and what stays undone when a part of it fails."""

import pytest

from domain.errors import Busy, DatabaseUnusable, Integrity, Unreachable
from domain.legacy.files import GITLAB_FILE, PENPOT_FILE, SESSIONS_FILE
from domain.oauth import OAuthToken
from domain.ports.legacy_file_source import SourceChanged, SourceRemains
from domain.values import SecretValue
from tests.support.memory_service import MemoryService, outcomes, reason

A, B, C = "tokens/a", "tokens/b", "tokens/c"
TOKENS = {A: b"tok-a", B: b"tok-b", C: b"tok-c"}
GITLAB = b'{"access_token": "glpat-1", "refresh_token": "glrt-1"}'
SESSIONS = b'{"forgejo:a:acme/api:1": {"id": "sess-1", "last_used_at": 1780000000}}'
DISK_FULL = DatabaseUnusable("the disk refused to store")


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


def test_each_value_is_stored_checked_archived_and_entered_before_one_backup_and_then_the_files_go(service):
    service.files.put(A, b"tok-a")
    service.files.put(B, b"tok-b")

    service.migrate()

    steps = {"secrets.set", "fresh_secrets.get", "archive.keep", "ledger.record", "ledger.publish"}
    steps |= {"backups.create", "legacy_files.remove", "ledger.mark_removed", "lock.hold"}
    bring_in = ["secrets.set", "fresh_secrets.get", "archive.keep", "ledger.record"]
    take_away = ["legacy_files.remove", "ledger.mark_removed"]
    assert [call for call in service.calls if call in steps] == [
        "lock.hold",
        *bring_in,
        *bring_in,
        "backups.create",
        *take_away,
        *take_away,
        "ledger.publish",
    ]


def test_nothing_is_looked_at_before_the_lock_is_held(tokens):
    tokens.migrate()

    assert tokens.calls[0] == "lock.hold"


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [(A, b"tok-a", "secrets"), (GITLAB_FILE, GITLAB, "oauth_tokens"), (SESSIONS_FILE, SESSIONS, "sessions")],
)
def test_what_does_not_read_back_keeps_its_file_and_is_not_entered(service, path, content, kind):
    service.files.put(path, content)
    service.read_afresh(kind, getattr(MemoryService(), kind))

    report = service.migrate()

    assert outcomes(report) == {path: "deferred"}
    assert "read back" in reason(report, path)
    assert service.files.content(path) == content
    assert (service.ledger.entries(), service.archive.list(), report.backup) == ([], [], None)


@pytest.mark.parametrize("another", ["another value", "more than the file says"])
def test_another_value_on_the_fresh_connection_keeps_the_file(service, another):
    fresh = MemoryService()
    if another == "another value":
        service.files.put(A, b"tok-a")
        fresh.secrets.set("agent_token:a", "tok-other")
        service.read_afresh("secrets", fresh.secrets)
    else:
        service.files.put(GITLAB_FILE, GITLAB)
        fresh.oauth_tokens.upsert(
            OAuthToken(
                forge_type="gitlab",
                access_token=SecretValue("glpat-1"),
                refresh_token=SecretValue("glrt-1"),
                expires_at=1_795_000_000_000,
            )
        )
        service.read_afresh("oauth_tokens", fresh.oauth_tokens)

    report = service.migrate()

    assert list(outcomes(report).values()) == ["deferred"]
    assert len(service.files.list()) == 1


def test_a_value_that_does_not_decrypt_on_the_fresh_connection_keeps_its_file_and_no_other(tokens):
    tokens.fail("fresh_secrets.get", Integrity("the secret agent_token:b is damaged"), from_call=2)
    raise_in_time = tokens.before["fresh_secrets.get"]
    tokens.before["fresh_secrets.get"] = lambda: tokens.calls.count("fresh_secrets.get") == 2 and raise_in_time()

    report = tokens.migrate()

    assert outcomes(report) == {A: "imported", B: "deferred", C: "imported"}
    assert paths(tokens) == [B]


def test_what_was_stored_but_not_checked_is_settled_by_the_next_start(service):
    service.files.put(A, b"tok-a")
    service.fail("fresh_secrets.get", Integrity("damaged"))
    service.migrate()
    service.before.clear()

    report = service.migrate()

    assert outcomes(report) == {A: "equal"}
    assert paths(service) == []


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


@pytest.mark.parametrize("error", [DISK_FULL, Busy("locked")])
@pytest.mark.parametrize("call", ["secrets.set", "archive.keep", "ledger.record", "fresh_secrets.get"])
def test_after_the_database_has_failed_nothing_is_tried_again_and_the_rest_is_deferred(tokens, call, error):
    tokens.fail(call, error, from_call=2)

    report = tokens.migrate()

    assert outcomes(report) == {A: "imported", B: "deferred", C: "deferred"}
    assert tokens.calls.count(call) == 2
    assert paths(tokens) == [B, C]
    assert reason(report, C) == error.message


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


def test_noting_the_removal_may_fail_without_harm(tokens):
    tokens.fail("ledger.mark_removed", DISK_FULL)
    tokens.fail("ledger.publish", DISK_FULL)

    report = tokens.migrate()

    assert set(outcomes(report).values()) == {"imported"}
    assert len(tokens.progress.notes) == 4
    assert all("the disk refused" in note for note in tokens.progress.notes)


@pytest.mark.parametrize("call", ["secrets.set", "oauth_tokens.get", "archive.keep"])
def test_a_database_that_does_not_answer_defers_as_well(service, call):
    service.files.put(GITLAB_FILE, GITLAB)
    service.files.put(A, b"tok-a")
    service.fail(call, Unreachable("the database does not answer"))

    report = service.migrate()

    assert "deferred" in outcomes(report).values()
    assert service.files.content(A) == b"tok-a"


def test_hard_links_and_modes_that_deserve_a_remark_get_one(service):
    from adapters.memory import FileStat

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
