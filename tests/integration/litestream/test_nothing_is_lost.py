"""What was acknowledged is in the replica, whoever was killed; and nothing is there that we do not want to be there."""

import signal
import stat
import subprocess

import pytest

from tests.integration.litestream.conftest import SECRET, VALUE
from tests.integration.litestream.writer import EACH, writing
from tests.support.backed_up import sql
from tests.support.litestream import the_program

BEHIND_S = 5.0
"""The interval is a second, and that of looking at the log another; the rest is for a busy machine."""

WARNED = 10


def numbers(database):
    """The numbers of the sessions that are there."""
    return {
        int(session.removeprefix("sess-")) for (session,) in sql(database, "SELECT session_id FROM claude_sdk_sessions")
    }


def secrets(database):
    found = sql(database, "SELECT name FROM secret WHERE name LIKE 'agent_token:agent-%'")
    return {int(name.rpartition("-")[2]) for (name,) in found}


def require_usable(database, run):
    """All of it opens, and the doctor finds nothing that is wrong."""
    assert sql(database, "PRAGMA integrity_check") == [("ok",)]
    assert "values opened" in run("keys", "verify", state_dir=database.parent)
    assert "FAIL" not in run("doctor", "--deep", state_dir=database.parent, codes=(0, WARNED))


def test_the_writer_is_killed_and_every_acknowledged_write_is_replicated(home, replicating, run, tmp_path):
    with writing(home) as writer:
        writer.go_on(lambda acknowledged: len(acknowledged) >= 3_000)
        writer.kill()
    done = set(writer.acknowledged)

    restored = replicating.wait_until_restored(tmp_path / "new", lambda database: done <= numbers(database))

    assert secrets(restored) >= {number for number in done if number % EACH == 0}
    assert run("secrets", "get", f"agent_token:agent-{EACH}", state_dir=restored.parent) == f"tok-{EACH}"
    require_usable(restored, run)


def test_all_is_killed_at_once_and_what_is_missing_is_of_the_last_seconds(home, replicating, run, tmp_path):
    with writing(home) as writer:
        writer.go_on(lambda acknowledged: acknowledged and max(acknowledged.values()) - acknowledged[1] > BEHIND_S + 2)
        replicating.stop(signal.SIGKILL)
        writer.kill()

    restored = replicating.restore(tmp_path / "new")

    there, last = numbers(restored), max(writer.acknowledged.values())
    assert {number for number, at in writer.acknowledged.items() if last - at > BEHIND_S} <= there
    assert there == set(range(1, len(there) + 1))
    require_usable(restored, run)


def test_a_writer_that_does_not_pause_costs_no_second_generation(home, replicating):
    with writing(home) as writer:
        writer.go_on(lambda acknowledged: len(acknowledged) >= 5_000)
        writer.kill()

    assert "new generation" not in replicating.said().partition("no generation exists")[2]


def test_neither_the_master_key_nor_a_value_is_in_what_it_writes(home, replicating, run, tmp_path):
    run("secrets", "set", SECRET, stdin=f"{VALUE}-newer")
    there = "SELECT count(*) FROM secret_version"
    restored = replicating.wait_until_restored(tmp_path / "new", lambda database: sql(database, there) == [(2,)])

    shadow, replica = (
        b"".join(path.read_bytes() for path in top.rglob("*") if path.is_file())
        for top in (replicating.shadow, replicating.replica)
    )
    for written in (shadow, replica, restored.read_bytes()):
        assert written
        assert VALUE.encode() not in written
        assert home.key_file.read_bytes().strip() not in written


@pytest.mark.parametrize("place", ["shadow", "replica"])
def test_what_it_writes_is_for_its_owner_alone(replicating, run, place):
    run("secrets", "set", SECRET, stdin="newer")
    top = getattr(replicating, place)

    assert {stat.S_IMODE(path.stat().st_mode) for path in (top, *top.rglob("*"))} <= {0o700, 0o600}


def test_a_doctor_beside_it_finds_nothing_of_it(replicating, run):
    said = run("doctor", "--deep", codes=(0, WARNED))

    assert "FAIL" not in said
    assert "litestream" not in said


def test_the_program_is_of_the_line_that_the_page_is_about():
    assert subprocess.check_output([the_program(), "version"], text=True).startswith("v0.3.")
