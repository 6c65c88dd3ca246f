"""Tokens in memory: whose they are before they are there, and whole whenever they are read."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.filesystem import DirectoryTokenMount
from domain.errors import DeliveryFailed
from domain.mounts import Owner
from tests.support import token_memory, token_steps
from tests.support.readers import a_token
from tests.support.token_memory import (
    AN_ORDINARY_USER,
    OURS,
    SERVICE,
    as_user,
    files_below,
    identity,
    skip_unless_root,
    state,
    traced,
)

runtime, mounts = token_memory.runtime, token_memory.mounts

TOKEN = "tokens/reviewer"
READS = 25_000
READING_S = 3.0
READER = """
import json, sys, time
seen, last, until = dict.fromkeys(("whole", "empty", "torn", "missing", "values"), 0), None, time.monotonic() + SECONDS
print("reading", flush=True)
while time.monotonic() < until or seen["whole"] < ENOUGH:
    try:
        with open(sys.argv[1], "rb") as file:
            token = file.read()
    except FileNotFoundError:
        seen["missing"] += 1
        continue
    half = len(token) // 2
    seen["empty" if not token else "whole" if token[:half] == token[half:] else "torn"] += 1
    seen["values"] += token != last
    last = token
print(json.dumps(seen))
""".replace("SECONDS", str(READING_S)).replace("ENOUGH", str(READS))


@pytest.fixture
def agent(mounts):
    """The directory of the agent, with a token in it."""
    mounts.write("reviewer", TOKEN, b"tok-1", OURS)
    return Path(mounts.directory("reviewer"))


def test_owner_and_mode_are_there_before_the_first_byte_and_the_name_after_the_last(mounts, tmp_path, runtime):
    calls = traced(runtime, "first", tmp_path / "log")
    temporary = [(name, rest) for name, rest in calls if ".new-" in rest]

    names = [name for name, _ in temporary]
    given = ["fchown"] if token_steps.OWNER != OURS else []
    assert names == ["openat", *given, "fchmod", "write", "renameat"]
    (_, opened), changed = temporary[0], dict(temporary)
    assert "O_EXCL" in opened
    assert "O_NOFOLLOW" in opened
    assert re.search(r", 000\) = ", opened)
    assert ", 0400)" in changed["fchmod"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_modes_are_right_whatever_the_umask_is(mounts, umask):
    before = os.umask(umask)
    try:
        mounts.write("reviewer", TOKEN, b"tok-1", OURS)
    finally:
        os.umask(before)
    agent = Path(mounts.directory("reviewer"))

    assert state(agent / TOKEN) == (0o400, OURS.uid, OURS.gid)
    assert [state(each)[0] for each in (agent, agent / "tokens")] == [0o711, 0o711]


def test_a_directory_that_a_killed_process_left_closed_is_opened(mounts, agent):
    agent.chmod(0o700)
    (agent / "tokens").chmod(0)
    mounts.write("reviewer", TOKEN, b"tok-2", OURS)

    assert [state(each)[0] for each in (agent, agent / "tokens")] == [0o711, 0o711]


def test_a_file_is_the_users_who_is_named_and_nobody_elses(mounts, runtime):
    skip_unless_root()
    reader, other = AN_ORDINARY_USER, AN_ORDINARY_USER + 1
    mounts.write("reviewer", TOKEN, b"tok-1", Owner(reader, 77))
    token = Path(mounts.directory("reviewer"), TOKEN)

    def may_not():
        with pytest.raises(PermissionError):
            token.read_bytes()

    def may():
        assert token.read_bytes() == b"tok-1"

    assert state(token) == (0o400, reader, 77)
    as_user(reader, may_not)  # on the host, where he is another than in his container
    runtime.chmod(0o711)  # as a container sees it, which is given what is below
    as_user(reader, may)
    as_user(other, may_not)


def test_who_may_give_no_files_away_is_told_what_it_takes(runtime):
    skip_unless_root()
    base = runtime.parent / "mine"
    base.mkdir()
    os.chown(base, AN_ORDINARY_USER, AN_ORDINARY_USER)

    def act():
        mounts = DirectoryTokenMount(base / "run", service=SERVICE)
        mounts.prepare()
        mounts.write("reviewer", TOKEN, b"tok-1", Owner(AN_ORDINARY_USER, AN_ORDINARY_USER))
        with pytest.raises(DeliveryFailed) as refused:
            mounts.write("reviewer", TOKEN, b"tok-2", Owner(101000, 101000))
        assert refused.value.message == "reviewer: tokens/reviewer cannot be delivered: Operation not permitted"
        assert "CAP_CHOWN" in refused.value.advice
        assert "container map to the user" in refused.value.advice

    as_user(AN_ORDINARY_USER, act)
    assert files_below(base / "run" / "agents") == {"reviewer/tokens/reviewer": b"tok-1"}


def test_no_reader_ever_finds_less_than_a_token(mounts):
    mounts.write("reviewer", TOKEN, a_token(0).encode(), OURS)
    command = [sys.executable, "-c", READER, Path(mounts.directory("reviewer"), TOKEN)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for reader in readers:
            assert reader.stdout.readline() == "reading\n"
        number, begun = 0, time.monotonic()
        while any(reader.poll() is None for reader in readers):
            number += 1
            mounts.write("reviewer", TOKEN, a_token(number).encode(), OURS)
            assert time.monotonic() - begun < 60
        told = [json.loads(reader.stdout.read()) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
            reader.stdout.close()

    assert [(each["empty"], each["torn"], each["missing"]) for each in told] == [(0, 0, 0)] * 2, told
    assert sum(each["whole"] for each in told) >= 2 * READS
    assert all(each["values"] > 100 for each in told), told
    assert number > 1_000


def test_the_directory_of_an_agent_is_never_replaced(mounts, agent):
    before = [each.stat().st_ino for each in (agent, agent / "tokens")]
    mounts.write("reviewer", TOKEN, b"tok-2", OURS)
    mounts.wipe("reviewer", TOKEN)
    mounts.sweep({})
    mounts.write("reviewer", TOKEN, b"tok-3", OURS)

    assert [each.stat().st_ino for each in (agent, agent / "tokens")] == before


def test_what_is_as_it_should_be_is_not_touched(mounts, agent):
    before = identity(agent / TOKEN), (agent / "tokens").stat().st_mtime_ns

    assert mounts.write("reviewer", TOKEN, b"tok-1", OURS) is False
    assert (identity(agent / TOKEN), (agent / "tokens").stat().st_mtime_ns) == before


@pytest.mark.parametrize("wrong", ["mode", "links", "kind", "owner", "group"])
def test_what_is_not_as_it_should_be_is_written_anew(mounts, agent, wrong):
    token = agent / TOKEN
    if wrong in {"owner", "group"}:
        skip_unless_root()
    {
        "mode": lambda: token.chmod(0o440),
        "links": lambda: (agent / "other").hardlink_to(token),
        "kind": lambda: (token.rename(agent / "other"), token.symlink_to("../other")),
        "owner": lambda: os.chown(token, 7, -1),
        "group": lambda: os.chown(token, -1, 7),
    }[wrong]()

    assert mounts.write("reviewer", TOKEN, b"tok-1", OURS) is True
    assert (state(token), token.is_symlink()) == ((0o400, OURS.uid, OURS.gid), False)
    assert token.stat().st_nlink == 1
