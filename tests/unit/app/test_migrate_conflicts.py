"""Two values for one place: the row wins, unless somebody says otherwise."""

import json

import pytest

from domain.errors import Integrity
from domain.legacy.files import GITLAB_FILE, SESSIONS_FILE
from domain.migrations import Preference
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.memory_service import MemoryService, outcomes, reason

REVIEWER = "tokens/reviewer"
SECRET = "agent_token:reviewer"
PLACES = {REVIEWER: f"the secret {SECRET}", GITLAB_FILE: "the gitlab row of operator_oauth_tokens"}
FILES = {REVIEWER: b"tok-file\n", GITLAB_FILE: json.dumps({"access_token": "tok-file"}).encode()}


@pytest.fixture
def service():
    return MemoryService()


def hold(service, path, value):
    if path == REVIEWER:
        service.secrets.set(SECRET, value)
    else:
        service.oauth_tokens.upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue(value)))


def held(service, path):
    if path == REVIEWER:
        return service.secrets.get(SECRET).value.reveal()
    return service.oauth_tokens.get("gitlab").access_token.reveal()


@pytest.fixture(params=[REVIEWER, GITLAB_FILE])
def contested(service, request):
    """A path whose file says one thing and whose row another."""
    hold(service, request.param, "tok-row")
    service.files.put(request.param, FILES[request.param])
    return request.param


def test_the_row_wins_and_the_file_stays_at_every_start(service, contested):
    for _start in range(3):
        assert outcomes(service.migrate()) == {contested: "conflict"}

    assert held(service, contested) == "tok-row"
    assert service.files.content(contested) == FILES[contested]
    assert (service.archive.list(), service.ledger.entries(), service.backups.list()) == ([], [], [])


def test_both_places_are_named_and_no_value_is_shown(service, contested):
    said = reason(service.migrate(), contested)

    assert PLACES[contested] in said
    assert contested in said
    assert "tok-" not in said


def test_preferring_the_database_archives_and_removes_the_file(service, contested):
    report = service.migrate(prefer=Preference.DATABASE)

    assert outcomes(report) == {contested: "superseded"}
    assert report.attention == []
    assert held(service, contested) == "tok-row"
    assert service.files.list() == []
    assert [service.archive.read(ref).content for ref in service.archive.list()] == [FILES[contested]]
    assert report.backup is not None


def test_a_superseded_value_is_known_when_it_comes_again(service, contested):
    service.migrate(prefer=Preference.DATABASE)
    service.files.put(contested, FILES[contested])

    assert outcomes(service.migrate()) == {contested: "already_imported"}
    assert held(service, contested) == "tok-row"


def test_preferring_the_file_takes_its_value(service, contested):
    report = service.migrate(prefer=Preference.FILE)

    assert outcomes(report) == {contested: "imported"}
    assert held(service, contested) == "tok-file"
    assert service.files.list() == []


def test_a_preference_does_not_raise_a_revoked_token(service):
    service.files.put(REVIEWER, b"tok-file")
    service.migrate()
    service.secrets.set(SECRET, "tok-rotated")
    service.files.put(REVIEWER, b"tok-file")

    report = service.migrate(prefer=Preference.FILE)

    assert outcomes(report) == {REVIEWER: "already_imported"}
    assert held(service, REVIEWER) == "tok-rotated"


@pytest.mark.parametrize("prefer", [None, *Preference])
def test_a_preference_changes_nothing_where_nothing_is_contested(service, prefer):
    service.files.put(REVIEWER, b"tok-file")
    hold(service, GITLAB_FILE, "tok-file")
    service.files.put(GITLAB_FILE, FILES[GITLAB_FILE])

    report = service.migrate(prefer=prefer)

    assert outcomes(report) == {GITLAB_FILE: "equal", REVIEWER: "imported"}


def test_a_row_written_between_the_look_and_the_write_is_a_conflict(service):
    service.files.put(REVIEWER, b"tok-file")
    service.before["secrets.set"] = lambda: service.secrets.set(SECRET, "tok-row")

    report = service.migrate()

    assert outcomes(report) == {REVIEWER: "conflict"}
    assert held(service, REVIEWER) == "tok-row"
    assert service.files.content(REVIEWER) == b"tok-file"


@pytest.mark.parametrize("path", [REVIEWER, GITLAB_FILE])
@pytest.mark.parametrize("prefer", [None, Preference.DATABASE])
def test_a_row_that_does_not_open_is_a_conflict_that_the_database_cannot_win(service, path, prefer):
    service.files.put(path, FILES[path])
    service.fail("secrets.get" if path == REVIEWER else "oauth_tokens.get", Integrity("damaged"))

    report = service.migrate(prefer=prefer)

    assert outcomes(report) == {path: "conflict"}
    assert "cannot be read" in reason(report, path)
    assert service.files.content(path) == FILES[path]


@pytest.mark.parametrize("path", [REVIEWER, GITLAB_FILE])
def test_a_row_that_does_not_open_is_mended_from_the_file_when_asked(service, path):
    hold(service, path, "tok-damaged")
    service.files.put(path, FILES[path])
    service.fail("secrets.get" if path == REVIEWER else "oauth_tokens.get", Integrity("damaged"))

    report = service.migrate(prefer=Preference.FILE)

    assert outcomes(report) == {path: "imported"}
    assert held(service, path) == "tok-file"


def test_sessions_never_conflict(service):
    service.sessions.set("forgejo:a:acme/api:1", "sess-row", used_at=1_780_000_000_000)
    record = {"id": "sess-file", "last_used_at": 1_770_000_000_000}
    service.files.put(SESSIONS_FILE, json.dumps({"forgejo:a:acme/api:1": record}).encode())

    report = service.migrate(prefer=Preference.FILE)

    assert outcomes(report) == {SESSIONS_FILE: "equal"}
    assert service.sessions.get("forgejo:a:acme/api:1").session_id == "sess-row"
