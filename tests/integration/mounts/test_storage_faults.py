"""Memory that is full, read-only or broken: the old token is there still, nothing half written is, and it is told."""

import os

import pytest

from adapters.filesystem import FileMountRegister
from domain.errors import DeliveryFailed
from domain.mounts import Mount
from tests.integration.faults.tracing import missing_tool
from tests.support import token_memory, token_steps
from tests.support.token_memory import (
    OURS,
    SERVICE,
    a_small_memory,
    files_below,
    filled,
    remount,
    skip_unless_root,
    stepped,
)
from tests.support.token_steps import NEW, OLD, PENPOT

runtime, mounts = token_memory.runtime, token_memory.mounts

TOKEN, BIG = "tokens/reviewer", b"x" * 40_000
FULL, READ_ONLY, BROKEN = (os.strerror(number) for number in (28, 30, 5))
NONE_LEFT = {"reviewer/tokens/reviewer": OLD}


@pytest.fixture
def rooted(runtime):
    skip_unless_root()
    return runtime


@pytest.fixture
def small(rooted):
    """Memory of 64 KiB with a token in it."""
    small = a_small_memory(rooted, "size=64k")
    small.write("reviewer", TOKEN, OLD, OURS)
    return small


def delivered(root):
    return files_below(root / "agents")


def without_inodes(root):
    """Take the last inode; returns what to unlink to have it back."""
    for number in range(100):
        ballast = root / f"ballast-{number}"
        try:
            ballast.touch()
        except OSError:
            return root / "ballast-0"
    raise AssertionError("there is no end to them")


def failing(act):
    with pytest.raises(DeliveryFailed) as failed:
        act()
    assert not any(token in failed.value.message for token in ("tok-old", "tok-new"))
    assert failed.value.advice
    return failed.value


def test_without_room_the_old_token_stays_until_there_is_room_again(small, runtime):
    ballast = filled(runtime)
    fault = failing(lambda: small.write("reviewer", TOKEN, NEW, OURS))

    assert fault.message == f"reviewer: tokens/reviewer cannot be delivered: {FULL}"
    assert "make room" in fault.advice
    assert delivered(runtime) == NONE_LEFT
    ballast.unlink()
    assert small.write("reviewer", TOKEN, NEW, OURS) is True
    assert delivered(runtime) == {"reviewer/tokens/reviewer": NEW}


def test_room_for_half_a_token_is_no_room_and_none_of_it_is_taken(small, runtime):
    small.write("reviewer", "penpot-token", BIG, OURS)
    before = os.statvfs(runtime)[:5], os.statvfs(runtime).f_ffree
    failing(lambda: small.write("reviewer", TOKEN, BIG, OURS))

    assert delivered(runtime) == {**NONE_LEFT, "reviewer/penpot-token": BIG}
    assert (os.statvfs(runtime)[:5], os.statvfs(runtime).f_ffree) == before


def test_without_room_a_token_is_wiped_all_the_same(small, runtime):
    filled(runtime)

    assert small.wipe("reviewer", TOKEN) is True
    assert delivered(runtime) == {}


def test_without_inodes_the_old_token_stays_until_there_is_one_again(rooted, runtime):
    small = a_small_memory(runtime, "size=1m", "nr_inodes=16")
    small.write("reviewer", TOKEN, OLD, OURS)
    ballast = without_inodes(runtime)

    assert FULL in failing(lambda: small.write("reviewer", TOKEN, NEW, OURS)).message
    assert FULL in failing(lambda: small.write("coder", TOKEN, NEW, OURS)).message
    assert delivered(runtime) == NONE_LEFT
    ballast.unlink()
    assert small.write("reviewer", TOKEN, NEW, OURS) is True


def test_what_cannot_be_written_to_keeps_the_old_token_and_what_is_to_be_wiped_is_wiped_later(small, runtime):
    small.write("coder", "penpot-token", PENPOT, OURS)
    remount(runtime, "ro")

    assert READ_ONLY in failing(lambda: small.write("reviewer", TOKEN, NEW, OURS)).message
    assert small.write("reviewer", TOKEN, OLD, OURS) is False
    assert failing(lambda: small.wipe("reviewer", TOKEN)).message.endswith(f"cannot be wiped: {READ_ONLY}")
    fault = failing(lambda: small.sweep({}))
    assert fault.message == f"coder/penpot-token cannot be wiped: {READ_ONLY}, and 1 more"
    assert delivered(runtime) == {**NONE_LEFT, "coder/penpot-token": PENPOT}
    remount(runtime, "rw")
    assert small.sweep({"reviewer": []}) == ["coder/penpot-token", "reviewer/tokens/reviewer"]
    assert delivered(runtime) == {}


def test_a_register_that_has_no_room_keeps_what_it_had(small, runtime):
    register = FileMountRegister(runtime, service=SERVICE)
    before, after = (Mount(agent="reviewer", owner=OURS, opened_at=at) for at in (1, 2))
    register.keep(before)
    ballast = filled(runtime)

    assert FULL in failing(lambda: register.keep(after)).message
    assert register.all() == [before]
    assert [path.name for path in (runtime / "records").iterdir()] == ["reviewer.json"]
    ballast.unlink()
    register.keep(after)
    assert register.all() == [after]


def test_a_register_that_cannot_be_written_to_says_so(small, runtime):
    register = FileMountRegister(runtime, service=SERVICE)
    entry = Mount(agent="reviewer", owner=OURS, opened_at=1)
    register.keep(entry)
    remount(runtime, "ro")

    assert READ_ONLY in failing(lambda: register.keep(entry)).message
    assert READ_ONLY in failing(lambda: register.forget("reviewer")).message
    assert register.all() == [entry]


def broken(root, step, *calls):
    """Take a step in which each of these calls fails once; returns what was said."""
    if reason := missing_tool():
        pytest.skip(reason)
    injections = [word for call in calls for word in ("-e", f"inject={call}:error=EIO:when=1")]
    names = ",".join(calls)
    done = stepped(root, step, "-o", str(root.parent / "log"), "-e", f"trace={names}", *injections)
    assert done.returncode == 3, done.stdout + done.stderr
    assert (root.parent / "log").read_text().count("(INJECTED)") == len(calls)
    return done.stdout.strip()


@pytest.mark.parametrize("call", ["fchmod", "write", "renameat"])
def test_a_token_that_cannot_be_written_leaves_the_old_one_and_nothing_else(mounts, runtime, call):
    token_steps.take("first", mounts)
    fault = broken(runtime, "rotate", call)

    assert fault == f"reviewer: tokens/reviewer cannot be delivered: {BROKEN}"
    assert delivered(runtime) == NONE_LEFT
    assert token_steps.take("rotate", mounts) is True


@pytest.mark.parametrize("call", ["mkdirat", "write", "renameat"])
def test_a_first_token_that_cannot_be_written_leaves_nothing(mounts, runtime, call):
    broken(runtime, "first", call)

    assert delivered(runtime) == {}
    assert token_steps.take("first", mounts) is True


def test_what_can_neither_be_written_nor_taken_away_is_empty_and_goes_with_the_next_sweep(mounts, runtime):
    token_steps.take("first", mounts)
    broken(runtime, "rotate", "renameat", "unlinkat")

    left = {name: content for name, content in delivered(runtime).items() if ".new-" in name}
    assert list(left.values()) == [b""]
    assert mounts.sweep(token_steps.KEEP) == list(left)
    assert delivered(runtime) == NONE_LEFT


@pytest.mark.parametrize(("call", "left"), [("truncate", OLD), ("unlinkat", b"")])
def test_a_wipe_that_fails_is_told_and_the_next_sweep_ends_it(mounts, runtime, call, left):
    token_steps.take("first", mounts)

    assert broken(runtime, "wipe", call) == f"reviewer: tokens/reviewer cannot be wiped: {BROKEN}"
    assert delivered(runtime) == {"reviewer/tokens/reviewer": left}
    assert mounts.sweep({}) == ["reviewer/tokens/reviewer"]


def test_a_sweep_goes_on_after_a_failure(mounts, runtime):
    for agent in ("a", "b", "c"):
        mounts.write(agent, "penpot-token", PENPOT, OURS)

    assert broken(runtime, "sweep", "truncate", "unlinkat") == f"a/penpot-token cannot be wiped: {BROKEN}, and 1 more"
    # The first could not be emptied, the second has lost its bytes and not its name, the third is gone.
    assert delivered(runtime) == {"a/penpot-token": PENPOT, "b/penpot-token": b""}


def test_a_directory_that_cannot_be_listed_keeps_nothing_from_the_others(mounts, runtime):
    for agent in ("a", "b"):
        mounts.write(agent, "penpot-token", PENPOT, OURS)
    if reason := missing_tool():
        pytest.skip(reason)
    log = runtime.parent / "log"
    stepped(runtime, "sweep", "-o", str(log), "-e", "trace=getdents64")
    first = next(number for number, line in enumerate(log.read_text().splitlines(), 1) if "agents>" in line)
    for agent in ("a", "b"):
        mounts.write(agent, "penpot-token", PENPOT, OURS)
    inject = f"inject=getdents64:error=EIO:when={first + 2}"  # `agents` takes two calls, the second finds no more
    done = stepped(runtime, "sweep", "-o", str(log), "-e", "trace=getdents64", "-e", inject)

    assert (done.returncode, done.stdout) == (3, f"a cannot be wiped: {BROKEN}\n")
    assert delivered(runtime) == {"a/penpot-token": PENPOT}
