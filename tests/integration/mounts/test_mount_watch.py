"""Who has a token mount, told of real containers."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from adapters.system import ProcMountWatch, is_gone, mount_watch
from adapters.system.process_identity import identity_of
from domain.mounts import Mounted
from tests.contracts.mount_watch import MountWatchContract
from tests.integration.packaging.programs import skip_unless_mounting_is_allowed
from tests.support import mounted
from tests.support.mounted import (
    AN_ORDINARY_USER,
    a_runtime,
    bubblewrap,
    skip_without_bubblewrap,
    unshared,
    view_of,
)

READERS_AS = """
import ctypes, json, os, sys
from pathlib import Path
from adapters.system import ProcMountWatch, processes
processes._FIRST = int(sys.argv[3])  # in place of 1, which the tests may not be let look at
os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as it is for who begins as this user
print(json.dumps([[reader.agent, reader.pid] for reader in ProcMountWatch(Path(sys.argv[1])).readers()]))
"""


def readers_of(runtime, *, before=(), uid=0, first=1):
    """Return what a process of that user tells, where the first process of all is `first`."""
    command = [*before, sys.executable, "-c", READERS_AS, str(runtime.root), str(uid), str(first)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


place, runtime, watch, target = mounted.place, mounted.runtime, mounted.watch, mounted.target


class TestProcMountWatch(MountWatchContract):
    @pytest.fixture
    def watch(self, place):
        return ProcMountWatch(place)

    @pytest.fixture
    def begin(self, runtime):
        return runtime.begin


class TestProcMountWatchOnItsOwnFileSystem(MountWatchContract):
    @pytest.fixture
    def watch(self, place):
        return ProcMountWatch(place)

    @pytest.fixture
    def runtime(self, place):
        skip_without_bubblewrap()
        skip_unless_mounting_is_allowed()
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0711", "tokens", place], check=True)
        with a_runtime(place) as runtime:
            yield runtime

    @pytest.fixture
    def begin(self, runtime):
        return runtime.begin


def test_the_oldest_process_of_a_container_stands_for_it(watch, runtime):
    container = runtime.run(bubblewrap(runtime.directory("reviewer"), script="sleep 600 & echo begun; wait"))
    assert len(container.pids) >= 3

    (reader,) = watch.readers()
    assert reader.pid == container.pids[0]
    assert reader.process == identity_of(reader.pid)
    assert view_of(reader.pid) != view_of("self")


def test_a_container_goes_on_when_its_oldest_process_has_ended(watch, runtime, target):
    left = "(sleep 600 >/dev/null & sleep 600 & echo begun; wait)"
    container = runtime.run(unshared(runtime.directory("reviewer"), target, left))
    (first,) = watch.readers()
    others = container.pids[1:]
    os.kill(first.pid, signal.SIGKILL)
    container.process.wait()
    try:
        (second,) = watch.readers()
        assert second.pid in others
        assert watch.living([first.process, second.process]) == {second.process}
    finally:
        for pid in others:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("below", "mounted"),
    [
        (".", Mounted.DIRECTORY),
        ("tokens", Mounted.DIRECTORY),
        ("tokens/reviewer", Mounted.FILE),
        ("penpot-token", Mounted.FILE),
    ],
)
def test_what_is_mounted_is_told_by_where_it_is(watch, runtime, below, mounted):
    runtime.run(bubblewrap(runtime.directory("reviewer") / below))

    assert [(reader.agent, reader.mounted) for reader in watch.readers()] == [("reviewer", mounted)]


@pytest.mark.parametrize("below", [".", "penpot-token"])
def test_what_has_been_replaced_is_told_as_deleted_and_what_is_in_its_place_is_not(watch, runtime, below):
    directory = runtime.directory("reviewer")
    old = runtime.run(bubblewrap(directory / below))
    shutil.rmtree(directory)
    new = runtime.run(bubblewrap(runtime.directory("reviewer")))

    told = {reader.pid: (reader.agent, reader.mounted) for reader in watch.readers()}
    assert told == {old.pids[0]: ("reviewer", Mounted.DELETED), new.pids[0]: ("reviewer", Mounted.DIRECTORY)}


def test_what_is_beside_the_agents_of_this_root_is_nobodys(watch, runtime):
    for name in ("run2/agents/reviewer", "run/agents2/reviewer", "run/agents/.hidden"):
        (runtime.root.parent / name).mkdir(parents=True)
    names = ("run2/agents/reviewer", "run/agents2/reviewer", "run/agents/.hidden", "run/agents", "run")
    runtime.run(bubblewrap(*(runtime.root.parent / name for name in names)))

    assert watch.readers() == []


@pytest.mark.parametrize("name", ["a b", "a\tb", "a\nb", "a\\b", "\\040", "\udcff", "a//deleted"])
def test_the_root_may_be_called_anything(runtime, name):
    root = runtime.root / name
    with a_runtime(root) as other:
        other.begin("reviewer", Mounted.DIRECTORY, Mounted.FILE, Mounted.DELETED)

        told = sorted(reader.mounted for reader in ProcMountWatch(root).readers())
        assert told == sorted(Mounted)


def test_a_root_that_is_reached_by_a_link_or_another_mount_is_the_same(runtime, target, tmp_path):
    runtime.begin("reviewer", Mounted.DIRECTORY)
    (tmp_path / "link").symlink_to(runtime.root)
    runtime.mount("--bind", runtime.root, at=target)

    assert len(ProcMountWatch(tmp_path / "link").readers()) == 1
    assert len(ProcMountWatch(target).readers()) == 1


def test_where_there_is_no_root_nobody_has_a_mount(watch, place):
    assert watch.readers() == []
    place.touch()
    assert watch.readers() == []


def test_what_is_mounted_on_the_host_itself_is_no_container(runtime, target):
    bound = 'mount --bind "$0" "$1" && shift && exec "$@"'
    host = ["unshare", "--mount", "sh", "-c", bound, str(runtime.directory("reviewer")), str(target)]

    assert readers_of(runtime, before=host) == []


def test_nor_is_it_for_a_service_in_a_namespace_of_its_own(runtime, target):
    host = runtime.run(unshared(runtime.directory("reviewer"), target))

    assert readers_of(runtime, before=["unshare", "--mount"]) == [["reviewer", host.process.pid]]
    assert readers_of(runtime, before=["unshare", "--mount"], first=host.process.pid) == []


def test_the_memory_that_a_service_of_the_machine_inherits_is_no_container(watch, runtime, target):
    runtime.run(["unshare", "--mount", "sh", "-c", "echo begun; exec sleep 600"])

    assert watch.readers() == []


def test_another_process_is_asked_where_the_first_ends_meanwhile(watch, runtime, mocker):
    container = runtime.run(bubblewrap(runtime.directory("reviewer"), script="sleep 600 & echo begun; wait"))
    mounts_of = mount_watch.mounts_of

    def ended(pid, device):
        if pid == min(container.pids):
            raise ProcessLookupError
        return mounts_of(pid, device)

    mocker.patch.object(mount_watch, "mounts_of", side_effect=ended)
    assert [reader.agent for reader in watch.readers()] == ["reviewer"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_container_that_was_killed_is_gone_at_once(watch, runtime, number):
    container = runtime.begin("reviewer", Mounted.DIRECTORY)
    (reader,) = watch.readers()
    os.kill(reader.pid, number)
    if number == signal.SIGTERM:
        container.process.send_signal(number)  # the first process of a pid namespace heeds no signal but this
    watch.wait([reader.process], timeout_ms=60_000)

    assert watch.living([reader.process]) == set()
    assert watch.readers() == []


def test_a_container_whose_end_nobody_has_noticed_yet_is_gone(watch, runtime, target):
    container = runtime.run(unshared(runtime.directory("reviewer"), target))
    (reader,) = watch.readers()
    os.kill(reader.pid, signal.SIGKILL)
    os.waitid(os.P_PID, container.process.pid, os.WEXITED | os.WNOWAIT)

    assert watch.readers() == []
    assert watch.living([reader.process]) == set()
    assert is_gone(reader.process)


def test_a_container_of_an_ordinary_user_is_seen_by_him_and_by_root(watch, runtime):
    skip_unless_mounting_is_allowed()
    mine = runtime.run(bubblewrap(runtime.directory("coder"), uid=AN_ORDINARY_USER))
    roots = runtime.run(bubblewrap(runtime.directory("reviewer")))

    both = [("coder", mine.pids[0]), ("reviewer", roots.pids[0])]
    assert [(reader.agent, reader.pid) for reader in watch.readers()] == both
    assert readers_of(runtime, uid=AN_ORDINARY_USER) == [["coder", mine.pids[0]]]
