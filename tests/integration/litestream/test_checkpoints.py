"""What checkpoints, and other things that we do to the log, mean for a Litestream beside us."""

import base64
import json
import os

import pytest

from adapters.sql import checkpoints
from app import open_state
from app.boot import migrate
from app.setting_sources import load_settings
from tests.integration.litestream.conftest import SECRET, VALUE
from tests.integration.litestream.writer import writing
from tests.support.backed_up import sql
from tests.support.containers.processes import eventually

KEY = "forgejo:reviewer:acme/api:%d"
BUSY = 7


@pytest.fixture
def state(home):
    """Open the database, as a service has it open."""
    with open_state(state_dir=home.state, config_dir=home.config, runtime_dir=home.state.parent / "run") as state:
        yield state


def log_of(home):
    return home.database.with_name("agents.db-wal")


def only_backup(home):
    (name,) = (path.name for path in (home.state / "backups").glob("*.bak-*") if path.suffix != ".json")
    return name


def holds(count):
    """Say that so many sessions are in a database."""
    return lambda database: sql(database, "SELECT count(*) FROM claude_sdk_sessions") == [(count,)]


def fill(state, count):
    """Write into the log, one commit each."""
    for number in range(count):
        state.sessions.set(KEY % (number + 1), f"sess-{number}")


def test_a_command_that_closes_the_database_takes_no_log_away(home, replicating, run, tmp_path):
    generation = replicating.generation()

    for number in range(3):
        run("secrets", "set", SECRET, stdin=f"value-{number}")
        assert log_of(home).stat().st_size > 0

    there = "SELECT max(version) FROM secret_version"
    replicating.wait_until_restored(tmp_path / "new", lambda database: sql(database, there) == [(4,)])
    assert replicating.generations() == {generation}


def test_without_litestream_the_last_to_close_takes_the_log_away_and_the_next_generation_begins(
    home, litestream, run, tmp_path
):
    with litestream.replicating():
        former = litestream.generation()
    assert log_of(home).exists()
    run("secrets", "set", SECRET, stdin="meanwhile")
    assert not log_of(home).exists()

    with litestream.replicating(other_than=former):
        pass

    assert run("secrets", "get", SECRET, state_dir=litestream.restore(tmp_path / "new").parent) == "meanwhile"


def test_a_short_stop_beside_a_service_goes_on_in_the_same_generation(litestream, state, tmp_path):
    with litestream.replicating():
        former = litestream.generation()
        fill(state, 5)
    state.sessions.set(KEY % 6, "meanwhile")

    with litestream.replicating():
        litestream.wait_until_restored(tmp_path / "new", holds(6))

    assert litestream.generations() == {former}


def test_a_long_stop_beside_a_service_costs_a_generation_and_no_write(litestream, state, tmp_path):
    with litestream.replicating():
        former = litestream.generation()
    fill(state, 2_500)  # SQLite folds the log in at a thousand pages, and begins it anew

    with litestream.replicating(other_than=former):
        litestream.wait_until_restored(tmp_path / "new", holds(2_500))


@pytest.mark.parametrize("large", [checkpoints.LARGE_PAGES, 1], ids=["passive", "tries to empty the log"])
def test_the_job_costs_no_generation(monkeypatch, replicating, state, tmp_path, large):
    monkeypatch.setattr(checkpoints, "LARGE_PAGES", large)
    generation = replicating.generation()
    checkpoint = state.container.checkpoints()

    for number in range(300):
        state.sessions.set(KEY % (number + 1), "sess")
        assert not checkpoint.run().emptied  # Litestream reads it

    replicating.wait_until_restored(tmp_path / "new", holds(300))
    assert replicating.generations() == {generation}


def test_old_files_move_in_whole(home, replicating, run, tmp_path):
    generation = replicating.generation()
    sessions = {
        KEY % number: {"id": f"sess-{number}", "last_used_at": 1_790_000_000_000} for number in range(1, 30_001)
    }
    home.put("sessions.json", json.dumps(sessions))

    run("migrate")

    replicating.wait_until_restored(tmp_path / "new", holds(30_000))
    assert replicating.generations() == {generation}


def files_of(home):
    """What lies in the database and its log."""
    return b"".join(path.read_bytes() for path in (home.database, log_of(home)) if path.exists())


def test_what_is_erased_stays_in_the_log_while_it_runs_and_goes_when_it_is_stopped(home, litestream, run):
    ((sealed,),) = sql(home.database, "SELECT sealed FROM secret_version")
    erase = ("secrets", "destroy", SECRET, "1", "--confirm", SECRET)
    with litestream.replicating():
        run("secrets", "set", SECRET, stdin="newer")
        assert "write-ahead log" in run(*erase, codes=(BUSY,))
        assert sealed in files_of(home)

    run(*erase)

    assert sealed not in files_of(home)


def test_an_old_master_key_opens_what_is_in_the_log_until_both_were_stopped(home, litestream, run, tmp_path):
    ((wrapped,), _) = sql(home.database, "SELECT wrapped FROM data_key")
    new_key = tmp_path / "new.key"
    new_key.touch(0o600)
    new_key.write_bytes(base64.b64encode(os.urandom(32)))
    with litestream.replicating():
        run("secrets", "set", "agent_token:other", stdin="other")
        assert "write-ahead log" in run("keys", "change-master", "--new-key-file", str(new_key))
        fingerprint = "SELECT count(*) FROM data_key WHERE wrapped = ?"
        restored = litestream.wait_until_restored(
            tmp_path / "new", lambda database: sql(database, fingerprint, wrapped) == [(0,)]
        )
        assert run("secrets", "get", SECRET, state_dir=restored.parent) == VALUE

    run("status")

    assert wrapped not in files_of(home)


def test_a_backup_is_restored_while_it_is_stopped_and_the_next_generation_holds_it(home, litestream, run, tmp_path):
    run("backup", "create")
    backup = only_backup(home)
    with litestream.replicating():
        former = litestream.generation()
        run("secrets", "set", SECRET, stdin="newer")
    run("backup", "restore", backup, "--confirm", backup)

    with litestream.replicating(other_than=former):
        pass

    assert run("secrets", "get", SECRET, state_dir=litestream.restore(tmp_path / "new").parent) == VALUE


def test_a_backup_without_its_tables_stops_its_checkpoints_until_it_is_started_again(home, litestream, run):
    run("backup", "create")
    backup = only_backup(home)
    tables = "SELECT count(*) FROM sqlite_master WHERE name LIKE '\\_litestream\\_%' ESCAPE '\\'"
    with litestream.replicating(), writing(home) as writer:
        run("backup", "restore", backup, "--confirm", backup)
        assert sql(home.database, tables) == [(0,)]
        writer.go_on(lambda _: "no such table: _litestream_seq" in litestream.said())

    with litestream.replicating():
        eventually(lambda: sql(home.database, tables) == [(2,)], "its tables are there again")


def test_a_database_that_is_made_later_is_found(home, litestream, tmp_path):
    settings = load_settings({"HOME": str(tmp_path / "other")})
    litestream.state_dir = settings.state_dir
    with litestream.replicating():
        with open_state(state_dir=settings.state_dir, config_dir=settings.config_dir) as state:
            migrate(state.container)
            fill(state, 3)
            litestream.wait_until_it_follows()
        litestream.wait_until_restored(tmp_path / "new", holds(3))
