"""Every route: what it leaves in the audit log, and that without a log it does nothing."""

from dataclasses import dataclass, field

import pytest

from app.http.application import build_app
from app.http.server import _migrate_at_boot
from domain.audit import Action
from domain.oauth import OAuthToken
from domain.values import SecretValue

SENTINEL = "SENTINEL-8c1f"
NEW = "SENTINEL-77aa"
KEY = "forgejo:reviewer:acme/api:42"


@dataclass(frozen=True)
class Act:
    """A call that is worth an event: where it goes, what it sends, and what the event says.

    `then` are events of more acts that belong to it.
    """

    action: Action
    path: str
    subject: str
    json: dict = field(default_factory=dict)
    then: tuple[Action, ...] = ()


NOTHING = None
ELSEWHERE = ()
"""Needs a forge that answers (tests/integration/oauth/test_connect.py), or a backup (test_backups.py)."""

ACTS = {
    ("GET", "/livez"): NOTHING,
    ("GET", "/readyz"): NOTHING,
    ("GET", "/healthz"): NOTHING,
    ("GET", "/sessions"): NOTHING,
    ("GET", "/sessions/count"): NOTHING,
    ("POST", "/sessions/merge"): NOTHING,
    ("POST", "/sessions/prune"): NOTHING,
    ("GET", "/sessions/{key:path}"): NOTHING,
    ("PUT", "/sessions/{key:path}"): NOTHING,
    ("DELETE", "/sessions/{key:path}"): NOTHING,
    ("GET", "/secrets"): NOTHING,
    ("GET", "/secrets/{name:path}"): NOTHING,
    ("GET", "/secrets/{name:path}/value"): Act(Action.SECRET_READ, "/secrets/a/value", "a"),
    ("PUT", "/secrets/{name:path}"): Act(Action.SECRET_WRITE, "/secrets/a", "a", {"value": NEW}),
    ("DELETE", "/secrets/{name:path}"): Act(Action.SECRET_DELETE, "/secrets/a", "a"),
    ("GET", "/secrets/{name:path}/versions"): NOTHING,
    ("POST", "/secrets/{name:path}/rollback"): Act(Action.SECRET_ROLLBACK, "/secrets/b/rollback", "b", {"version": 1}),
    ("GET", "/agents"): NOTHING,
    ("PATCH", "/agents/{name}/token"): Act(
        Action.SECRET_WRITE, "/agents/reviewer/token", "agent_token:reviewer", {"token": NEW}
    ),
    ("DELETE", "/agents/{name}/token"): Act(Action.SECRET_DELETE, "/agents/reviewer/token", "agent_token:reviewer"),
    ("GET", "/oauth"): NOTHING,
    ("GET", "/oauth/{forge}"): NOTHING,
    ("POST", "/oauth/{forge}/authorize"): NOTHING,  # what came of it is an event, once the browser is back
    ("GET", "/oauth/{forge}/callback"): ELSEWHERE,
    ("POST", "/oauth/{forge}/refresh"): ELSEWHERE,
    ("GET", "/oauth/{forge}/access-token"): Act(Action.OAUTH_READ, "/oauth/gitlab/access-token", "gitlab"),
    ("DELETE", "/oauth/{forge}"): Act(Action.OAUTH_DISCONNECT, "/oauth/gitlab", "gitlab"),
    ("GET", "/keys"): NOTHING,
    ("POST", "/keys/rotate"): Act(Action.KEY_ROTATE, "/keys/rotate", "{key}", then=(Action.KEY_RETIRE,)),
    ("GET", "/migrations"): NOTHING,
    ("POST", "/migrations/run"): NOTHING,  # here there is nothing to move; see below for when there is
    ("GET", "/backups"): NOTHING,
    ("POST", "/backups"): Act(Action.BACKUP_CREATE, "/backups", "database"),
    ("POST", "/backups/prune"): ELSEWHERE,
    ("POST", "/backups/{name}/verify"): ELSEWHERE,
    ("GET", "/jobs"): NOTHING,
    ("GET", "/settings"): NOTHING,
    ("PATCH", "/settings"): Act(Action.SETTING_CHANGE, "/settings", "session_ttl_days", {"session_ttl_days": 7}),
    ("GET", "/metrics"): NOTHING,
    ("GET", "/openapi.json"): NOTHING,
    ("GET", "/api-tokens"): NOTHING,
    ("POST", "/api-tokens"): Act(Action.TOKEN_CREATE, "/api-tokens", "{made}", {"name": "x", "grants": ["admin"]}),
    ("DELETE", "/api-tokens/{id}"): Act(Action.TOKEN_REVOKE, "/api-tokens/{other}", "{other}"),
    ("GET", "/audit"): NOTHING,
}
BODIES = {
    ("PUT", "/sessions/{key:path}"): {"session_id": "x"},
    ("POST", "/sessions/merge"): {"sessions": []},
}
WORTH_AN_EVENT = {call: act for call, act in ACTS.items() if act}
QUIET = [call for call, act in ACTS.items() if act is NOTHING]


def shown(call):
    return " ".join(call)


@pytest.fixture
def other(container):
    """The id of somebody else's token."""
    return container.create_api_token()("other", ("read:/*",))[0].id


@pytest.fixture
def service(container, other, client):
    """A client of a service that keeps one of each; the log is as long as that made it."""
    container.secrets().set("a", SENTINEL)
    container.secrets().set("b", SENTINEL)
    container.secrets().set("b", NEW)
    container.secrets().set("agent_token:reviewer", SENTINEL)
    container.oauth_tokens().upsert(OAuthToken(forge_type="gitlab", access_token=SecretValue(SENTINEL)))
    container.sessions().set(KEY, "9f1c")
    container.unaudited_setting_store().set("gitlab_client_id", "strongroom")
    client.get("/sessions")  # the token's use is written down once a minute
    return client


def everything(container):
    """Every row but those of the log and of leases, which end by themselves."""
    with container.database().borrowed() as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in tables
            if table not in {"audit_event", "audit_checkpoint", "lease"}
        }


def events(container):
    return container.audit().list(limit=1_000)


def make_unwritable(container):
    with container.database().borrowed() as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no'); END")


def test_every_route_says_what_it_leaves_in_the_log(container, readiness):
    calls = {
        (method, route.path) for route in build_app(container, readiness).routes for method in route.methods - {"HEAD"}
    }

    assert calls == set(ACTS)


@pytest.mark.parametrize("call", WORTH_AN_EVENT, ids=shown)
def test_what_is_worth_an_event_leaves_exactly_one_without_any_value(service, container, other, call):
    act, before = ACTS[call], len(events(container))
    me = container.api_tokens().list()[1]

    answer = service.request(call[0], act.path.format(other=other), json=act.json or None)

    assert answer.status_code in {200, 201, 204}
    left = events(container)
    event, *then = left[: len(left) - before][::-1]
    made = answer.json()["id"] if "{made}" in act.subject else ""
    key = answer.json()["new_key"] if "{key}" in act.subject else ""
    said = (event.action, event.subject, event.actor, event.outcome)
    assert said == (act.action, act.subject.format(other=other, made=made, key=key), f"token:{me.id} a test", "ok")
    assert tuple(more.action for more in then) == act.then
    assert container.audit().verify() == []
    assert "SENTINEL" not in repr(left)
    assert not made or answer.json()["token"] not in repr(left)


@pytest.mark.parametrize("call", WORTH_AN_EVENT, ids=shown)
def test_without_a_log_it_is_refused_and_nothing_is_changed_or_shown(service, container, other, call):
    act = ACTS[call]
    make_unwritable(container)
    before = everything(container)

    answer = service.request(call[0], act.path.format(other=other), json=act.json or None)

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unusable")
    assert "SENTINEL" not in answer.text
    assert everything(container) == before


@pytest.mark.parametrize("has_log", [True, False], ids=["with a log", "without a log"])
def test_what_shows_and_changes_no_credential_leaves_none_and_needs_none(service, container, has_log):
    before = events(container)
    if not has_log:
        make_unwritable(container)

    for method, route in QUIET:
        path = route.replace("{key:path}", KEY).replace("{name:path}", "a").replace("{forge}", "gitlab")
        answer = service.request(method, path, json=BODIES.get((method, route)))
        assert answer.status_code in {200, 204}, (method, path)

    assert events(container) == before


def test_what_did_not_happen_is_no_event(service, container):
    before = events(container)

    for method, path, status, sent in [
        ("GET", "/secrets/nothing/value", 404, {}),
        ("DELETE", "/secrets/nothing", 404, {}),
        ("POST", "/secrets/a/rollback", 404, {"json": {"version": 7}}),
        ("DELETE", "/agents/nobody/token", 404, {}),
        ("DELETE", "/oauth/github", 200, {}),
        ("GET", "/oauth/github/access-token", 404, {}),
        ("POST", "/oauth/github/refresh", 404, {}),
        ("DELETE", "/api-tokens/nothing", 404, {}),
        ("PUT", "/secrets/a", 412, {"json": {"value": NEW}, "headers": {"If-Match": '"9"'}}),
        ("PUT", "/secrets/Upper", 422, {"json": {"value": NEW}}),
    ]:
        assert service.request(method, path, **sent).status_code == status, path

    assert events(container) == before


def test_a_write_over_a_known_name_is_one_event_with_its_version(service, container):
    service.put("/secrets/a", json={"value": NEW})

    newest, one_before = events(container)[:2]
    assert (newest.action, newest.subject, newest.detail) == ("secret.write", "a", "version 2")
    assert one_before.subject != "a"


def a_file(container):
    tokens = container.settings().config_dir / "tokens"
    tokens.mkdir(mode=0o700)
    (tokens / "coder").write_text(SENTINEL)
    (tokens / "coder").chmod(0o600)
    return tokens / "coder"


def test_a_run_that_moves_a_file_leaves_one_event_and_the_next_none(service, container):
    a_file(container)
    before = len(events(container))

    service.post("/migrations/run")
    service.post("/migrations/run")

    left = events(container)
    assert len(left) == before + 1
    assert (left[0].action, left[0].subject) == (Action.MIGRATION_RUN, "old files")
    assert left[0].detail.startswith("1 imported; backup: agents.db.bak-")
    assert "a test" in left[0].actor


def test_a_dry_run_leaves_none(service, container):
    a_file(container)
    before = events(container)

    service.post("/migrations/run", json={"dry_run": True})

    assert events(container) == before


def test_without_a_log_no_file_is_removed(service, container):
    file = a_file(container)
    make_unwritable(container)

    answer = service.post("/migrations/run").json()

    (source,) = answer["migrations"][2]["sources"]
    assert (source["outcome"], file.read_text()) == ("deferred", SENTINEL)
    assert "audit log" in source["reason"]


def test_what_a_start_moves_is_moved_in_the_name_of_the_start(container):
    a_file(container)

    _migrate_at_boot(container)

    assert [event.actor for event in events(container)] == ["boot"]
