"""In which order a migration does what it does, and what stays undone when a part of it fails."""

import pytest

from domain.errors import Busy, DatabaseUnusable, Integrity, Unreachable
from domain.legacy.files import GITLAB_FILE, SESSIONS_FILE
from domain.oauth import OAuthToken
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

    assert set(tokens.calls[: tokens.calls.index("lock.hold")]) <= {"clock.now"}


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


@pytest.mark.parametrize("error", [DISK_FULL, Busy("locked")])
@pytest.mark.parametrize("call", ["secrets.set", "archive.keep", "ledger.record", "fresh_secrets.get"])
def test_after_the_database_has_failed_nothing_is_tried_again_and_the_rest_is_deferred(tokens, call, error):
    tokens.fail(call, error, from_call=2)

    report = tokens.migrate()

    assert outcomes(report) == {A: "imported", B: "deferred", C: "deferred"}
    assert tokens.calls.count(call) == 2
    assert paths(tokens) == [B, C]
    assert reason(report, C) == error.message


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
