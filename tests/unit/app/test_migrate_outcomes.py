"""What becomes of each old file: the contract's table of outcomes, one by one."""

import json

import pytest

from domain.legacy.files import GITLAB_FILE, PENPOT_FILE, SESSIONS_FILE, Kind, LegacyRef, Root
from tests.support.memory_service import MemoryService, outcomes, reason

REVIEWER = "tokens/reviewer"
REVIEWER_SECRET = "agent_token:reviewer"
KEY = "forgejo:reviewer:acme/api:42"
GITLAB = json.dumps({"access_token": "glpat-Xk29", "refresh_token": "glrt-Qm71", "scope": "api read_user"}).encode()
SESSIONS = json.dumps({KEY: {"id": "sess-Wq10", "last_used_at": 1_780_000_000_000}}).encode()
EVERYTHING = {
    GITLAB_FILE: GITLAB,
    SESSIONS_FILE: SESSIONS,
    REVIEWER: b"tok-Rv55\n",
    "tokens/coder": b"tok-Cd66",
    PENPOT_FILE: b"\xef\xbb\xbfpenpot-Pp77\r\n",
}
MALFORMED = {
    REVIEWER: [b"", b"\n", b"two words", b"a\nb\n", b"TOKEN=abc", b"'quoted'", b"\xff\xfe", b"nul\x00", b" lead"],
    "tokens/no agent": [b"tok-Rv55"],
    "tokens/-dash": [b"tok-Rv55"],
    GITLAB_FILE: [
        b"{",
        b"[]",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": "a", "access_token": "b"}',
        b'{"access_token": "a", "accessToken": "b"}',
        b'{"access_token": "a", "expires_at": NaN}',
        b'{"access_token": "a", "expires_at": 12}',
    ],
    SESSIONS_FILE: [b"[]", b'{"x": {}}', b'{"%s": {"id": "a"}}' % KEY.encode(), b"{} {}"],
}


@pytest.fixture
def service():
    return MemoryService()


def put(service, files):
    for path, content in files.items():
        service.files.put(path, content)


def test_every_old_file_is_imported_and_removed(service):
    put(service, EVERYTHING)

    report = service.migrate()

    assert outcomes(report) == dict.fromkeys(EVERYTHING, "imported")
    assert [m.id for m in report.migrations] == [
        "012-migrate-gitlab-oauth-to-db",
        "013-migrate-sessions-to-db",
        "014-migrate-agent-tokens-to-secrets",
    ]
    assert [source.records for source in report.sources] == [1] * 5
    assert service.files.list() == []
    assert report.attention == []


def test_what_was_imported_is_what_the_files_said(service):
    put(service, EVERYTHING)

    service.migrate()

    values = {info.name: service.secrets.get(info.name).value.reveal() for info in service.secrets.list()}
    assert values == {
        REVIEWER_SECRET: "tok-Rv55",
        "agent_token:coder": "tok-Cd66",
        "penpot_api_token": "penpot-Pp77",
    }
    token = service.oauth_tokens.get("gitlab")
    assert (token.access_token.reveal(), token.refresh_token.reveal()) == ("glpat-Xk29", "glrt-Qm71")
    assert token.scopes == ("api", "read_user")
    assert service.sessions.get(KEY).session_id == "sess-Wq10"


def test_the_bytes_of_every_removed_file_are_in_the_archive(service):
    put(service, EVERYTHING)

    service.migrate()

    kept = {ref.path: service.archive.read(ref).content for ref in service.archive.list()}
    assert kept == EVERYTHING


def test_without_old_files_there_is_nothing_to_do(service):
    report = service.migrate()

    assert (report.sources, report.backup) == ([], None)


@pytest.mark.parametrize("path", [GITLAB_FILE, SESSIONS_FILE, REVIEWER, PENPOT_FILE])
def test_the_same_file_again_is_already_imported_and_removed(service, path):
    put(service, EVERYTHING)
    service.migrate()
    put(service, {path: EVERYTHING[path]})

    report = service.migrate()

    assert outcomes(report) == {path: "already_imported"}
    assert service.files.list() == []


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("since", ["rotated", "deleted"])
def test_a_token_that_was_revoked_does_not_rise_again_under_another_line_ending(service, since, ending):
    put(service, {REVIEWER: b"tok-Rv55\n"})
    service.migrate()
    if since == "rotated":
        service.secrets.set(REVIEWER_SECRET, "tok-New")
    else:
        service.secrets.delete(REVIEWER_SECRET)
    put(service, {REVIEWER: b"tok-Rv55" + ending})

    report = service.migrate()

    held = service.secrets.get(REVIEWER_SECRET)
    assert outcomes(report) == {REVIEWER: "already_imported"}
    assert (held.value.reveal() if held else None) == ("tok-New" if since == "rotated" else None)
    assert service.files.list() == []


def test_a_disconnected_gitlab_is_not_connected_again_by_its_old_file(service):
    put(service, {GITLAB_FILE: GITLAB})
    service.migrate()
    service.oauth_tokens.delete("gitlab")
    put(service, {GITLAB_FILE: GITLAB + b"\n"})

    report = service.migrate()

    assert outcomes(report) == {GITLAB_FILE: "already_imported"}
    assert service.oauth_tokens.get("gitlab") is None


def test_pruned_sessions_do_not_come_back_with_their_file(service):
    put(service, {SESSIONS_FILE: SESSIONS})
    service.migrate()
    service.sessions.delete(KEY)
    put(service, {SESSIONS_FILE: json.dumps(json.loads(SESSIONS), indent=4).encode()})

    report = service.migrate()

    assert outcomes(report) == {SESSIONS_FILE: "already_imported"}
    assert service.sessions.count() == 0


def test_the_same_token_of_another_agent_is_another_value(service):
    put(service, {REVIEWER: b"tok-shared"})
    service.migrate()
    put(service, {"tokens/coder": b"tok-shared"})

    report = service.migrate()

    assert outcomes(report) == {"tokens/coder": "imported"}


def test_a_value_that_the_database_holds_already_is_equal_and_its_file_goes(service):
    service.secrets.set(REVIEWER_SECRET, "tok-Rv55")
    put(service, {REVIEWER: b"tok-Rv55\n"})

    report = service.migrate()

    assert outcomes(report) == {REVIEWER: "equal"}
    assert service.secrets.get(REVIEWER_SECRET).version == 1
    assert service.files.list() == []
    assert len(service.archive.list()) == 1


@pytest.mark.parametrize(("path", "content"), [(p, c) for p, contents in MALFORMED.items() for c in contents])
def test_a_malformed_file_is_rejected_and_stays_untouched(service, path, content):
    put(service, {path: content})

    report = service.migrate()

    assert outcomes(report) == {path: "rejected"}
    assert service.files.content(path) == content
    assert (service.archive.list(), service.ledger.entries(), report.backup) == ([], [], None)


def test_what_is_wrong_is_said_without_the_content(service):
    put(service, {REVIEWER: b"tok-Rv55 and more", GITLAB_FILE: b'{"access_token": "glpat-Xk29",}'})

    report = service.migrate()

    assert "white space" in reason(report, REVIEWER)
    assert "line 1, column" in reason(report, GITLAB_FILE)
    assert not any(word in repr(report) for word in ("Rv55", "Xk29"))


def test_one_bad_file_does_not_hold_up_the_others(service):
    put(service, {f"tokens/agent{n}": b"tok-%d" % n for n in range(99)} | {"tokens/agent50": b"two words"})

    report = service.migrate()

    assert list(outcomes(report).values()).count("imported") == 98
    assert outcomes(report)["tokens/agent50"] == "rejected"
    assert [ref.path for ref in service.files.list()] == ["tokens/agent50"]


def test_a_file_that_is_too_large_is_rejected(service):
    put(service, {REVIEWER: b"x" * 65_537})

    report = service.migrate()

    assert outcomes(report) == {REVIEWER: "rejected"}


def test_a_file_that_cannot_be_read_is_deferred_and_imported_once_it_can(service):
    put(service, {REVIEWER: b"tok-Rv55"})
    service.files.make_unreadable(REVIEWER)

    before = outcomes(service.migrate())
    service.files.make_unreadable(REVIEWER, unreadable=False)
    after = outcomes(service.migrate())

    assert (before, after) == ({REVIEWER: "deferred"}, {REVIEWER: "imported"})


def test_a_place_that_cannot_be_looked_into_is_deferred(service):
    service.files.put("tokens", kind=Kind.UNREADABLE)

    report = service.migrate()

    assert outcomes(report) == {"tokens": "deferred"}


def test_a_file_that_vanishes_before_it_is_read_is_no_source(service):
    put(service, {REVIEWER: b"tok-Rv55"})
    ref = LegacyRef(Root.CONFIG, REVIEWER)
    service.before["legacy_files.read"] = lambda: service.files.remove(ref, service.files.read(ref).fingerprint)

    report = service.migrate()

    assert report.sources == []


@pytest.mark.parametrize(
    "name", [".reviewer.swp", "reviewer~", "reviewer.bak", "reviewer.orig", "reviewer.tmp", ".hid"]
)
def test_what_an_editor_left_behind_is_listed_and_ignored(service, name):
    put(service, {f"tokens/{name}": b"tok-Rv55"})

    report = service.migrate()

    assert outcomes(report) == {f"tokens/{name}": "ignored"}
    assert "token" in reason(report, f"tokens/{name}")
    assert service.files.content(f"tokens/{name}") == b"tok-Rv55"
    assert "legacy_files.read" not in service.calls


@pytest.mark.parametrize("kind", [Kind.DIRECTORY, Kind.SYMLINK, Kind.SOCKET, Kind.FIFO, Kind.DEVICE])
@pytest.mark.parametrize("path", [REVIEWER, PENPOT_FILE, GITLAB_FILE, SESSIONS_FILE])
def test_what_is_no_file_is_ignored_and_never_opened(service, path, kind):
    service.files.put(path, kind=kind)

    report = service.migrate()

    assert outcomes(report) == {path: "ignored"}
    assert "legacy_files.read" not in service.calls


def test_files_of_nobody_are_no_sources(service):
    service.files.put("agents.json", b"{}")

    assert service.migrate().sources == []
