"""`strongroom mounts`: opened, listed, refreshed by every change of a token, closed."""

import json
import os
import stat
from pathlib import Path

import pytest

from app import open_state
from tests.integration.cli.homes import CODER_TOKEN, REVIEWER_TOKEN, SENTINEL
from tests.integration.cli.homes import PENPOT_TOKEN as PENPOT
from tests.support.memory_directory import memory_directory, mounts_below

NEW = f"tok-{SENTINEL}-new"


@pytest.fixture
def runtime():
    with memory_directory() as directory:
        yield directory


@pytest.fixture
def mounted(moved_home, runtime):
    """A home whose mounts are in memory; the mount of the reviewer is open."""
    moved_home.env["STRONGROOM_RUNTIME_DIR"] = str(runtime)
    moved_home.mount = Path(moved_home.ask("mounts", "open", "reviewer")["directory"])
    return moved_home


def token(home):
    return (home.mount / "tokens" / "reviewer").read_bytes()


def test_a_mount_holds_what_the_old_files_held_byte_for_byte(moved_home, runtime):
    moved_home.env["STRONGROOM_RUNTIME_DIR"] = str(runtime)

    opened = moved_home.ask("mounts", "open", "reviewer")

    directory = Path(opened["directory"])
    assert opened == {"agent": "reviewer", "directory": str(directory), "files": ["tokens/reviewer", "penpot-token"]}
    assert (directory / "tokens" / "reviewer").read_bytes() == f"{REVIEWER_TOKEN}\n".encode()
    assert (directory / "penpot-token").read_bytes() == f"{PENPOT}\r\n".encode()
    assert sorted(path.name for path in directory.rglob("*")) == ["penpot-token", "reviewer", "tokens"]
    coder = Path(moved_home.ask("mounts", "open", "coder")["directory"])
    assert (coder / "tokens" / "coder").read_bytes() == CODER_TOKEN.encode()


def test_a_token_that_never_was_a_file_stands_there_bare(mounted):
    mounted.call("agents", "rotate-token", "planner", stdin=NEW)
    directory = Path(mounted.call("mounts", "open", "planner").stdout.strip())

    assert (directory / "tokens" / "planner").read_bytes() == NEW.encode()


def test_a_file_is_its_owners_alone_and_the_directory_can_be_passed_through(mounted):
    files = [mounted.mount / "tokens" / "reviewer", mounted.mount / "penpot-token"]
    directories = [mounted.mount, mounted.mount / "tokens"]

    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o400, 0o400]
    assert [stat.S_IMODE(path.stat().st_mode) for path in directories] == [0o711, 0o711]
    assert {path.stat().st_uid for path in files} == {os.geteuid()}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file to another user")
@pytest.mark.parametrize(
    ("options", "owner"),
    [
        (["--user", "1000"], (1000, 1000)),
        (["--user", "1000:7"], (1000, 7)),
        (["--uid-map", "0:100000:65536"], (100_000, 100_000)),
        (["--user", "1000", "--uid-map", "0:100000:65536"], (101_000, 101_000)),
        (["--user", "1000", "--map-of", str(os.getpid())], (1000, 1000)),
    ],
)
def test_the_owner_is_the_user_in_the_container(mounted, options, owner):
    directory = Path(mounted.ask("mounts", "open", "coder", *options)["directory"])

    found = (directory / "tokens" / "coder").stat()
    assert (found.st_uid, found.st_gid) == owner


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nobody"], 5),
        (["../x"], 2),
        (["reviewer", "--user", "root"], 2),
        (["reviewer", "--uid-map", "0:1:1", "--map-of", "1"], 2),
        (["reviewer", "--user", "5", "--uid-map", "0:1000:1"], 2),
        (["reviewer", "--map-of", "999999999"], 5),
        (["reviewer", "--target", "relative"], 2),
        (["reviewer", "--format", "rkt"], 2),
    ],
)
def test_what_cannot_be_opened_is_refused_and_leaves_nothing(moved_home, runtime, arguments, code):
    moved_home.env["STRONGROOM_RUNTIME_DIR"] = str(runtime)

    assert moved_home.call("mounts", "open", *arguments).exit_code == code
    assert not [path for path in runtime.rglob("*") if path.is_file() and SENTINEL.encode() in path.read_bytes()]


def test_a_mount_that_is_open_for_one_user_is_not_opened_for_another(mounted):
    code, error = mounted.error("mounts", "open", "reviewer", "--user", str(os.geteuid() + 1))

    assert (code, error["code"]) == (6, "conflict")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("docker", "--mount type=bind,source={0},target=/run/claude-hooks,readonly"),
        ("podman", "--mount type=bind,source={0},target=/run/claude-hooks,readonly"),
        ("bwrap", "--ro-bind {0} /run/claude-hooks"),
    ],
)
def test_the_flags_mount_the_directory_read_only(mounted, form, expected):
    assert mounted.call("mounts", "open", "reviewer", "--format", form).stdout.strip() == expected.format(mounted.mount)


def test_flags_for_documents_are_documents(mounted):
    target = "/home/agent/.config/claude-hooks"
    as_json = mounted.call("mounts", "open", "reviewer", "--format", "json", "--target", target).stdout
    compose = mounted.call("mounts", "open", "reviewer", "--format", "compose", "--target", target).stdout

    bind = {"Type": "bind", "Source": str(mounted.mount), "Target": target, "ReadOnly": True}
    assert json.loads(as_json)["mount"] == bind
    assert compose.splitlines() == [
        "- type: bind",
        f'  source: "{mounted.mount}"',
        f'  target: "{target}"',
        "  read_only: true",
        "  bind:",
        "    create_host_path: false",
    ]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (("agents", "rotate-token", "reviewer"), f"{NEW}\n"),
        (("secrets", "set", "agent_token:reviewer"), f"{NEW}\n"),
        (("secrets", "set", "agent_token:reviewer", "--expires", "1h"), f"{NEW}\n"),
    ],
)
def test_a_new_token_is_in_the_mount_when_the_command_returns(mounted, act, expected):
    assert mounted.call(*act, stdin=NEW).exit_code == 0

    assert token(mounted) == expected.encode()


def test_going_back_deleting_and_bringing_back_reach_the_mount(mounted):
    file = mounted.mount / "tokens" / "reviewer"
    mounted.call("agents", "rotate-token", "reviewer", stdin=NEW)

    mounted.call("secrets", "rollback", "agent_token:reviewer", "1")
    assert file.read_text() == f"{REVIEWER_TOKEN}\n"

    mounted.call("secrets", "delete", "agent_token:reviewer", "--confirm", "agent_token:reviewer")
    assert not file.exists()

    mounted.call("secrets", "undelete", "agent_token:reviewer")
    assert file.read_text() == f"{REVIEWER_TOKEN}\n"


def test_the_token_of_penpot_reaches_every_mount(mounted):
    coder = Path(mounted.ask("mounts", "open", "coder")["directory"])

    mounted.call("secrets", "set", "penpot_api_token", stdin=NEW)

    found = [(each / "penpot-token").read_bytes() for each in (mounted.mount, coder)]
    assert found == [f"{NEW}\r\n".encode()] * 2


@pytest.mark.parametrize("audit", [False, True])
def test_what_the_library_writes_is_in_the_mount_when_it_returns(mounted, runtime, audit):
    with open_state(state_dir=mounted.state, config_dir=mounted.config, runtime_dir=runtime, audit=audit) as state:
        state.secrets.set("agent_token:reviewer", NEW)
        assert token(mounted) == f"{NEW}\n".encode()
        state.secrets.delete("agent_token:reviewer")
        assert not (mounted.mount / "tokens" / "reviewer").exists()


def test_a_file_that_is_preferred_reaches_the_mount(mounted):
    mounted.put("tokens/reviewer", f"{NEW}\n")

    assert mounted.call("migrate", "--prefer", "file").exit_code == 0
    assert token(mounted) == f"{NEW}\n".encode()


def test_what_is_open_is_listed_with_its_receipts(mounted):
    mounted.call("agents", "rotate-token", "reviewer", stdin=NEW)

    (listed,) = mounted.ask("mounts", "list")

    assert (listed["agent"], listed["state"], listed["faults"]) == ("reviewer", "waiting", [])
    assert [(each["secret"], each["version"], each["current"]) for each in listed["files"]] == [
        ("agent_token:reviewer", 2, True),
        ("penpot_api_token", 1, True),
    ]
    text = mounted.call("mounts", "list").stdout
    assert "reviewer: waiting" in text
    assert "tokens/reviewer: version 2" in text


def test_closing_wipes_and_gives_the_memory_back(mounted, runtime):
    held = (mounted.mount / "tokens" / "reviewer").open("rb")
    with held:
        assert mounted.call("mounts", "close", "reviewer").exit_code == 0
        assert held.read() == b""

    assert not (mounted.mount / "tokens" / "reviewer").exists()
    mounted.call("mounts", "reconcile")  # while a file was open there, the memory could not be given back
    assert mounts_below(runtime) == []
    assert mounted.call("mounts", "close", "reviewer").exit_code == 5
    assert mounted.call("mounts", "list").stdout == "no mount is open\n"


def test_a_command_has_the_tokens_while_it_runs(mounted):
    mounted.call("mounts", "close", "reviewer")
    script = 'cat "$STRONGROOM_MOUNT/tokens/reviewer"; ls "$STRONGROOM_MOUNT/tokens"; exit 7'

    done = mounted.run("mounts", "exec", "reviewer", "--", "sh", "-c", script)

    assert (done.returncode, done.stdout.decode()) == (7, f"{REVIEWER_TOKEN}\nreviewer\n")
    assert not (mounted.mount / "tokens" / "reviewer").exists()
    assert mounted.ask("mounts", "list") == []


def test_a_command_that_ends_leaves_to_others_what_they_have(mounted):
    done = mounted.run("mounts", "exec", "reviewer", "--", "true")

    assert done.returncode == 0
    assert token(mounted) == f"{REVIEWER_TOKEN}\n".encode()


def test_a_command_is_given_no_master_key(mounted):
    key = mounted.key_file.read_text().strip()
    env = {"STRONGROOM_MASTER_KEY": key, "STRONGROOM_ALLOW_ENV_SECRETS": "1"}

    done = mounted.run("mounts", "exec", "reviewer", "--", "env", env=env)

    assert done.returncode == 0
    assert b"STRONGROOM_MOUNT=" in done.stdout
    assert key.encode() not in done.stdout
    assert SENTINEL.encode() not in done.stdout


def test_a_command_in_a_mount_may_be_ours(mounted):
    script = '"$0" -m app mounts list --json'
    done = mounted.run("mounts", "exec", "reviewer", "--", "sh", "-c", script, os.sys.executable)

    assert (done.returncode, json.loads(done.stdout)[0]["state"]) == (0, "in use")


def test_an_agent_without_a_token_runs_nothing(mounted):
    done = mounted.run("mounts", "exec", "nobody", "--", "echo", "ran")

    assert (done.returncode, done.stdout) == (5, b"")


def test_what_a_crash_left_is_swept(mounted):
    stray = mounted.mount.parent / "coder"
    stray.mkdir()
    (stray / "left").write_text(NEW)
    (mounted.mount / "tokens" / ".new-left").write_text(NEW)

    done = mounted.ask("mounts", "reconcile")

    assert len(done["acts"]) == 2
    assert [path for path in mounted.mount.parent.rglob("*") if path.is_file() and "left" in path.name] == []
    assert token(mounted) == f"{REVIEWER_TOKEN}\n".encode()


def test_a_mount_leaves_events_and_no_value(mounted):
    mounted.call("agents", "rotate-token", "reviewer", stdin=NEW)
    mounted.call("mounts", "close", "reviewer")

    events = [(e["action"], e["subject"], e["detail"]) for e in mounted.ask("audit", "list", "--subject", "reviewer")]

    assert events[::-1] == [
        ("mount.open", "reviewer", f"for the user {os.geteuid()}, in tmpfs"),
        ("mount.deliver", "reviewer", "agent_token:reviewer, version 1"),
        ("mount.deliver", "reviewer", "penpot_api_token, version 1"),
        ("mount.deliver", "reviewer", "agent_token:reviewer, version 2"),
        ("mount.close", "reviewer", "closed"),
    ]


def test_a_mount_is_closed_without_the_key_too_and_that_is_told(mounted):
    mounted.key_file.rename(mounted.key_file.with_name("elsewhere"))

    done = mounted.call("mounts", "close", "reviewer")

    assert (done.exit_code, "in no audit log" in done.stderr) == (3, True)
    assert not (mounted.mount / "tokens" / "reviewer").exists()
    assert mounted.call("mounts", "close", "reviewer").exit_code == 5


def test_what_goes_wrong_at_the_end_of_a_command_takes_nothing_of_its_exit_code(mounted):
    script = f"mv {mounted.mount.parent.parent}/records {mounted.mount.parent.parent}/gone; exit 7"

    done = mounted.run("mounts", "exec", "reviewer", "--", "sh", "-c", script)

    assert done.returncode == 7


@pytest.mark.parametrize(("name", "forms"), [("a place", ["docker", "podman", "bwrap"]), ("a,b", ["docker", "podman"])])
def test_flags_that_a_variable_cannot_carry_are_refused(moved_home, runtime, name, forms):
    moved_home.env["STRONGROOM_RUNTIME_DIR"] = str(runtime.with_name(name))

    for form in forms:
        code, error = moved_home.error("mounts", "open", "reviewer", "--format", form)
        assert (code, error["code"]) == (2, "invalid")
    assert moved_home.call("mounts", "open", "reviewer", "--format", "json").exit_code == 0
