"""Many processes start at once over one home: one moves the files, the others say that they wait, within a bound."""

import json
import signal
import subprocess
import sys
from collections import Counter

import pytest

from adapters.filesystem import FileLock
from adapters.sql import SqliteSchema
from tests.integration.faults.homes import EVERYTHING, LOCK, program
from tests.integration.faults.invariants import it_is_settled, leaked
from tests.integration.faults.jobs import fresh, prepared
from tests.integration.faults.spread import ALL
from tests.support.said import outcome

PROCESSES = 8
ROUNDS = 50 if ALL else 1
VISITS = 2_000 if ALL else 300
PATIENCE_S = 60
FREED_WITHIN_MS = 1_000

_HOLDER = """
import os, sys, time
from pathlib import Path
from adapters.filesystem import FileLock
from adapters.sql import SqliteSchema
with FileLock(Path(sys.argv[1])).hold(patience_ms=0):
    print("held", flush=True)
    sys.stdin.read()
"""
_COMING_AND_GOING = """
import sqlite3, sys
for number in range(int(sys.argv[2])):
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    for row in range(5):
        connection.execute("INSERT INTO setting VALUES (?, ?, 0)", (f"{number} {row}", "x" * 3_000))
    connection.close()
"""
_IMPATIENT = """
import app.usecases.unlock as unlock
unlock.LOCK_PATIENCE_MS = 200
from app.cli import main
main()
"""


def test_of_eight_that_wait_together_one_imports_and_all_end_well(place):
    home = fresh(EVERYTHING)(place / "home")
    with FileLock(home.root / "state" / LOCK).hold(patience_ms=0):
        waiting = [_started(home) for _ in range(PROCESSES)]
        for process in waiting:
            assert "waiting" in process.stderr.readline().decode()
    ended = [_ended(process) for process in waiting]

    _one_imported(ended)
    it_is_settled(home)


@pytest.mark.timeout(600)
def test_of_eight_that_start_together_one_imports_and_all_end_well(place, tell):
    tell(f"faults: {PROCESSES} processes at once, {ROUNDS} of 50 rounds")
    for number in range(ROUNDS):
        home = fresh(EVERYTHING)(place / f"home-{number}")
        ended = [_ended(process) for process in [_started(home) for _ in range(PROCESSES)]]

        _one_imported(ended)
        it_is_settled(home)


def test_a_killed_holder_frees_the_lock_within_a_second_and_the_waiting_process_goes_on(place):
    home = prepared(EVERYTHING)(place / "home")
    holder = _holder(home)
    waiter = _started(home)
    assert "waiting" in waiter.stderr.readline().decode()
    holder.kill()
    with FileLock(home.root / "state" / LOCK).hold(patience_ms=FREED_WITHIN_MS):
        pass

    code, _, _ = _ended(waiter)
    assert (holder.wait(PATIENCE_S), code) == (-signal.SIGKILL, 0)
    it_is_settled(home)
    _closed(holder)


def test_a_holder_that_does_not_let_go_ends_the_waiting_process_as_busy(place):
    home = prepared(EVERYTHING)(place / "home")
    holder = _holder(home)
    command = program("migrate", "--json") if ALL else [sys.executable, "-P", "-c", _IMPATIENT, "migrate", "--json"]
    code, stdout, stderr = _ended(_started(home, command))
    holder.communicate()

    assert (code, json.loads(stdout)["error"]["code"]) == (7, "busy")
    assert f"process {holder.pid}" in stdout.decode()
    assert "waiting" in stderr.decode()
    assert home.present() == set(home.files)


def test_looking_at_a_database_that_others_open_write_and_close_finds_no_damage(place):
    home = prepared({})(place / "home")
    command = [sys.executable, "-P", "-c", _COMING_AND_GOING, str(home.database_path), str(VISITS)]
    schema = SqliteSchema(home.database_path, home.open)
    looks = Counter()
    with subprocess.Popen(command, env=home.environment) as others:
        while others.poll() is None:
            looks[outcome(schema.look)] += 1

    assert others.returncode == 0
    assert list(looks) == [schema.look()]


def _one_imported(ended):
    assert [code for code, _, _ in ended] == [0] * PROCESSES, [o.decode() + e.decode() for c, o, e in ended if c]
    for _, stdout, stderr in ended:
        leaked(stdout + stderr, "the output of one of many")
    outcomes = [Counter(_outcomes(stdout)) for _, stdout, _ in ended]
    assert sorted(outcomes, key=len) == [Counter()] * (PROCESSES - 1) + [Counter(imported=len(EVERYTHING))]


def _outcomes(stdout):
    return [source["outcome"] for migration in json.loads(stdout)["migrations"] for source in migration["sources"]]


def _started(home, command=None):
    pipe = subprocess.PIPE
    command = command or program("migrate", "--json")
    return subprocess.Popen(
        command, env=home.environment, cwd=home.root, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )


def _ended(process):
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    return process.returncode, stdout, stderr


def _holder(home):
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-c", _HOLDER, str(home.root / "state" / LOCK)]
    holder = subprocess.Popen(command, env=home.environment, stdin=pipe, stdout=pipe)
    assert holder.stdout.readline() == b"held\n"
    return holder


def _closed(process):
    process.stdin.close()
    process.stdout.close()
