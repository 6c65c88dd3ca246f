"""Every command: what it leaves in the audit log, and that without a log it does nothing."""

import base64
import os
import pwd
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from app.cli.root import root
from domain.audit import Action
from tests.integration.cli.homes import KEY, SENTINEL

ACTOR = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
NEW = f"tok-{SENTINEL}-new"


@dataclass(frozen=True)
class Act:
    """A call that is worth an event: its arguments, what it reads, and what the event says.

    `then` are events of more acts that belong to it.
    """

    action: Action
    arguments: tuple[str, ...]
    subject: str
    stdin: str = ""
    then: tuple[Action, ...] = ()


NOTHING = None
ELSEWHERE = "elsewhere"
"""Has a test of its own."""

ACTS = {
    "serve": ELSEWHERE,
    "migrate": ELSEWHERE,
    "legacy archive": NOTHING,
    "legacy restore": Act(Action.LEGACY_RESTORE, ("{dir}",), "archive"),
    "legacy export": Act(Action.LEGACY_EXPORT, ("{dir}",), "stores"),
    "status": NOTHING,
    "doctor": NOTHING,
    "sessions get": (KEY,),
    "sessions set": (KEY, "9f1c"),
    "sessions list": NOTHING,
    "sessions delete": (KEY,),
    "sessions prune": NOTHING,
    "secrets list": NOTHING,
    "secrets get": Act(Action.SECRET_READ, ("penpot_api_token",), "penpot_api_token"),
    "secrets set": Act(Action.SECRET_WRITE, ("a",), "a", NEW),
    "secrets delete": Act(
        Action.SECRET_DELETE,
        ("penpot_api_token", "--confirm", "penpot_api_token"),
        "penpot_api_token",
        then=(Action.MOUNT_DELIVER,),
    ),
    "secrets history": ("penpot_api_token",),
    "secrets rollback": Act(
        Action.SECRET_ROLLBACK, ("agent_token:coder", "1"), "agent_token:coder", then=(Action.MOUNT_DELIVER,)
    ),
    "secrets destroy": Act(
        Action.SECRET_DESTROY, ("agent_token:coder", "1", "--confirm", "agent_token:coder"), "agent_token:coder"
    ),
    "secrets undelete": Act(Action.SECRET_UNDELETE, ("deleted",), "deleted"),
    "secrets forget-damaged": ("--confirm", "damaged"),  # here nothing is damaged; see below for when it is
    "secrets drill": NOTHING,
    "agents list": NOTHING,
    "agents rotate-token": Act(Action.SECRET_WRITE, ("reviewer",), "agent_token:reviewer", NEW),
    "oauth list": NOTHING,
    "oauth show": ("gitlab",),
    "oauth connect": ELSEWHERE,
    "oauth refresh": ELSEWHERE,
    "oauth access-token": Act(Action.OAUTH_READ, ("gitlab",), "gitlab"),
    "git-credential": ("store",),
    "backup create": Act(Action.BACKUP_CREATE, (), "database"),
    "backup list": NOTHING,
    "backup verify": ELSEWHERE,
    "backup restore": ELSEWHERE,
    "backup rehearse": NOTHING,
    "backup prune": NOTHING,  # here there is nothing to remove: tests/integration/backups/test_prune.py
    "backup push": ELSEWHERE,
    "backup fetch": ELSEWHERE,
    "oauth disconnect": Act(Action.OAUTH_DISCONNECT, ("gitlab", "--confirm", "gitlab"), "gitlab"),
    "mounts list": NOTHING,
    "mounts open": Act(Action.MOUNT_OPEN, ("reviewer",), "reviewer", then=(Action.MOUNT_DELIVER, Action.MOUNT_DELIVER)),
    "mounts close": Act(Action.MOUNT_CLOSE, ("coder",), "coder"),
    "mounts reconcile": NOTHING,
    "mounts exec": ELSEWHERE,
    "api-tokens create": Act(Action.TOKEN_CREATE, ("--name", "x", "--grant", "admin"), "{made}"),
    "api-tokens list": NOTHING,
    "api-tokens revoke": Act(Action.TOKEN_REVOKE, ("{other}",), "{other}"),
    "keys status": NOTHING,
    "keys rotate": Act(Action.KEY_ROTATE, (), "{made}", then=(Action.KEY_RETIRE,)),
    "keys change-master": Act(Action.KEY_CHANGE_MASTER, ("--new-key-file", "{key}"), "{made}"),
    "keys verify": NOTHING,
    "keys kit": Act(Action.KEY_KIT, ("--to", "{dir}"), "{made}"),
    "audit list": NOTHING,
    "audit verify": NOTHING,
    "audit prune": Act(Action.AUDIT_PRUNE, ("--older-than", "0s", "--confirm", "audit"), "audit"),
    "config show": NOTHING,
    "config set": Act(Action.SETTING_CHANGE, ("session_ttl_days", "60"), "session_ttl_days"),
    "config unset": Act(Action.SETTING_CHANGE, ("backup_keep",), "backup_keep"),
    "completion": ("bash",),
    "openapi": NOTHING,
    "version": NOTHING,
}
WORTH_AN_EVENT = [name for name, act in ACTS.items() if isinstance(act, Act)]
DONE_ANYWAY = {"mounts close"}
"""No log that fails may keep a token where it is not wanted."""

QUIET = {name: act or () for name, act in ACTS.items() if not isinstance(act, Act | str)}


def every_leaf(command=root, path=()):
    if not isinstance(command, click.Group):
        return [" ".join(path)]
    context = click.Context(command)
    names = command.list_commands(context)
    return [leaf for name in names for leaf in every_leaf(command.get_command(context, name), (*path, name))]


@pytest.fixture
def used_home(moved_home, tmp_path):
    """A home that keeps one of each."""
    moved_home.call("agents", "rotate-token", "coder", stdin=NEW)
    moved_home.call("secrets", "set", "deleted", stdin=NEW)
    moved_home.call("secrets", "delete", "deleted", "--confirm", "deleted")
    moved_home.call("config", "set", "backup_keep", "last=5")
    moved_home.call("mounts", "open", "coder")
    with closing(sqlite3.connect(moved_home.database)) as connection, connection:
        connection.execute("UPDATE operator_oauth_tokens SET expires_at = NULL")  # so that no forge has to be asked
    return moved_home


@pytest.fixture
def words(used_home, tmp_path):
    """What stands for the words in braces."""
    made = used_home.ask("api-tokens", "create", "--name", "other", "--grant", "read:/*")
    key = tmp_path / "new.key"
    key.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    key.chmod(0o600)
    return {"dir": str(tmp_path / "out"), "other": made["id"], "key": str(key)}


PASSING = {"audit_event", "audit_checkpoint", "lease"}


def events(home):
    return home.ask("audit", "list", "--limit", "1000")


def everything(home):
    """Every row but those of log and leases (they end by themselves), every file but the database and empty locks."""
    with closing(sqlite3.connect(home.database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables if t not in PASSING}
    files = {name: held for name, held in home.everything().items() if "agents.db" not in name or "bak" in name}
    files = {name: held for name, held in files.items() if not name.endswith(".lock")}
    return rows, files


def make_unwritable(home):
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no'); END")


def test_every_command_says_what_it_leaves_in_the_log():
    assert sorted(every_leaf()) == sorted(ACTS)


@pytest.mark.parametrize("name", WORTH_AN_EVENT)
def test_what_is_worth_an_event_leaves_exactly_one_without_any_value(used_home, words, name):
    act, before = ACTS[name], events(used_home)
    arguments = [argument.format(**words) for argument in act.arguments]

    answer = used_home.ask(*name.split(), *arguments, stdin=act.stdin)

    left = events(used_home)
    new = left[: len(left) - len(before)] if name != "audit prune" else left
    event, *then = new[::-1]
    said = (event["action"], event["subject"], event["actor"], event["outcome"])
    made = next((answer[name] for name in ("id", "new_key", "new", "fingerprint") if name in answer), "")
    assert tuple(more["action"] for more in then) == act.then
    assert said == (act.action, act.subject.format(**words, made=made), ACTOR, "ok")
    assert used_home.ask("audit", "verify")["faults"] == []
    assert SENTINEL not in repr(left)
    assert "token" not in answer or answer["token"] not in repr(left)


@pytest.mark.parametrize("name", [name for name in WORTH_AN_EVENT if name not in DONE_ANYWAY])
def test_without_a_log_it_is_refused_and_nothing_is_changed_or_shown(used_home, words, tmp_path, name):
    act = ACTS[name]
    arguments = [argument.format(**words) for argument in act.arguments]
    make_unwritable(used_home)
    before = everything(used_home)

    result = used_home.call(*name.split(), *arguments, stdin=act.stdin)

    assert result.exit_code == 1
    assert SENTINEL not in result.output
    assert everything(used_home) == before
    assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))


def test_without_a_log_tokens_are_taken_away_and_that_is_told(used_home):
    directory = Path(next(each["directory"] for each in used_home.ask("mounts", "list")))
    make_unwritable(used_home)

    result = used_home.call("mounts", "close", "coder")

    assert (result.exit_code, "in no audit log" in result.stderr) == (3, True)
    assert not [path for path in directory.rglob("*") if path.is_file()]
    assert used_home.call("mounts", "close", "coder").exit_code == 5


@pytest.mark.parametrize("has_log", [True, False], ids=["with a log", "without a log"])
def test_what_shows_and_changes_no_credential_leaves_none_and_needs_none(used_home, has_log):
    before = events(used_home)
    if not has_log:
        make_unwritable(used_home)

    for name, arguments in QUIET.items():
        result = used_home.call(*name.split(), *arguments)
        assert result.exit_code in ({0, 1, 10} if name == "doctor" else {0}), (name, result.output)

    assert events(used_home) == before


def test_a_migration_is_one_event_and_a_second_start_leaves_none(old_home):
    old_home.ask("migrate")
    first = events(old_home)
    old_home.ask("migrate")

    assert [(event["action"], event["subject"], event["actor"]) for event in first] == [
        ("migration.run", "old files", ACTOR)
    ]
    assert first[0]["detail"].startswith("5 imported; backup: agents.db.bak-")
    assert events(old_home) == first


def test_a_dry_run_leaves_none(home):
    home.ask("status")
    home.put_old_files()

    home.ask("migrate", "--dry-run")

    assert events(home) == []


def test_a_second_start_with_a_file_that_stays_leaves_none(home):
    home.put("tokens/reviewer", "two words")
    home.put("sessions.json", '{"' + KEY + '": {"id": "s", "last_used_at": 1780000000}, "bad": {}}')

    home.call("migrate")
    first = events(home)
    home.call("migrate")

    assert [event["detail"] for event in first] == ["1 partial, 1 rejected; backup: none"]
    assert events(home) == first


def test_without_a_log_no_old_file_is_removed(home):
    home.ask("status")
    make_unwritable(home)
    home.put_old_files()

    result = home.call("migrate")

    assert result.exit_code == 3
    assert "audit log" in result.stdout
    assert (home.config / "tokens" / "reviewer").exists()
    assert (home.state / "sessions.json").exists()


def test_reading_an_older_version_is_an_event_of_that_version(used_home):
    used_home.call("secrets", "get", "agent_token:coder", "--version", "1")

    newest = events(used_home)[0]
    assert (newest["action"], newest["detail"]) == ("secret.read", "version 1")


def test_what_is_forgotten_because_it_is_damaged_is_written_down_with_the_backup_before(used_home):
    with closing(sqlite3.connect(used_home.database)) as connection:
        connection.execute(
            "UPDATE secret_version SET sealed = randomblob(80) WHERE secret_id ="
            " (SELECT id FROM secret WHERE name = 'penpot_api_token')"
        )
        connection.commit()
    before = len(events(used_home))

    used_home.ask("secrets", "forget-damaged", "--confirm", "damaged")

    left = events(used_home)
    newest = [event["action"] for event in left[: len(left) - before]]
    assert newest == ["secret.destroy", "mount.deliver", "secret.delete", "backup.create"]
