"""What the watch over mounts tells of processes: when they began, how they are called and numbered, how soon."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.system import identity, processes
from adapters.system.process_identity import identity_of
from domain.errors import NotFound
from domain.mounts import IdMap
from tests.integration.packaging.programs import skip_unless_mounting_is_allowed
from tests.support import mounted
from tests.support.mounted import bubblewrap, unshared, view_of

NEAR_MS = 20
MAPS = """
import os
from pathlib import Path
from adapters.system import ProcMountWatch
users, groups = ProcMountWatch(Path("/nowhere")).id_maps(os.getpid())
print(users.outside(0), groups.outside(0) if groups.ranges else "-")
"""
PROCESSES, VIEWS = 500, 20
COST_S = 0.5
"""Ten times what it takes here."""


place, runtime, watch, target = mounted.place, mounted.runtime, mounted.watch, mounted.target


def test_when_a_container_began_is_told_to_twenty_milliseconds(watch, runtime, target):
    before = time.time_ns() // 1_000_000
    container = runtime.run(unshared(runtime.directory("reviewer"), target))
    after = time.time_ns() // 1_000_000

    (reader,) = watch.readers()
    assert reader.pid == container.process.pid
    assert before - NEAR_MS <= reader.started_at <= after
    waited = time.monotonic()
    child = subprocess.Popen(["sleep", "600"])
    try:
        born = time.time() * 1_000
        found = processes.by_age([child.pid, reader.pid])
        assert [each.pid for each in found] == [reader.pid, child.pid]
        assert abs(found[1].at() - born) <= NEAR_MS + (time.monotonic() - waited) * 1_000
    finally:
        child.kill()
        child.wait()


def test_five_hundred_processes_are_looked_at_in_little_time(watch, runtime):
    each = PROCESSES // VIEWS
    many = f"for i in $(seq {each}); do sleep 600 & done; echo begun; wait"
    directory = runtime.directory("reviewer")
    for _ in range(VIEWS):
        runtime.run(bubblewrap(directory, script=many))

    watch.readers()
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        assert len(watch.readers()) == VIEWS
        took.append(time.perf_counter() - begun)
    assert min(took) < COST_S


GROUP = "82021b03622eef290e50678a5175dba5"
ID, OTHER = GROUP * 2, "0" * 64


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        (f"0::/system.slice/docker-{ID}.scope", "0::/", ID),
        (f"9:name=systemd:/docker/{ID}\n4:memory:/docker/{ID}", "9:name=systemd:/", ID),
        (f"0::/machine.slice/libpod-{ID}.scope/container", "0::/", ID),
        (f"0::/docker/{OTHER}/docker/{ID}", f"0::/docker/{OTHER}", ID),
        (f"0::/docker/{OTHER}/docker/{ID}", "0::/", ID),
        (f"0::/docker/{OTHER}", f"0::/docker/{OTHER}", None),
        (f"4:memory:/process_api/{GROUP}", "0::/", None),
        (f"0::/{ID}{ID}", "0::/", None),
        ("0::/user.slice", "0::/", None),
        (None, "0::/", None),
    ],
)
def test_a_container_is_called_as_its_control_group_is(tmp_path, monkeypatch, theirs, ours, told):
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    for process, groups in (("7", theirs), ("self", ours)):
        (tmp_path / process).mkdir()
        if groups is not None:
            (tmp_path / process / "cgroup").write_text(groups + "\n")

    assert processes.container_of(7) == (told and told[:12])


def test_ids_are_those_of_the_namespace_of_a_process(watch, runtime):
    skip_unless_mounting_is_allowed()
    pid = runtime.run(["unshare", "--user", "sh", "-c", "echo begun; exec sleep 600"]).process.pid
    assert watch.id_maps(pid) == (IdMap(()), IdMap(()))  # nobody has written one yet
    Path(f"/proc/{pid}/uid_map").write_text("0 100000 1000\n1000 500000 5\n")
    Path(f"/proc/{pid}/gid_map").write_text("0 200000 6\n")

    assert watch.id_maps(pid) == (IdMap(((0, 100_000, 1_000), (1_000, 500_000, 5))), IdMap(((0, 200_000, 6),)))


def test_where_a_process_numbers_ids_as_we_do_they_stay_what_they_are(watch):
    users, groups = watch.id_maps(os.getpid())
    assert (users.outside(0), groups.outside(0)) == (0, 0)

    inside = ["unshare", "--user", "sh", "-c", 'read _; exec "$0" -c "$1"', sys.executable, MAPS]
    with subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while view_of(process.pid, "user") == view_of("self", "user"):
            time.sleep(0.001)
        Path(f"/proc/{process.pid}/uid_map").write_text(f"0 {os.geteuid() or 100_000} 1")
        if os.geteuid() == 0:
            Path(f"/proc/{process.pid}/gid_map").write_text("0 200000 1")
        said, _ = process.communicate(b"\n")
    assert said.split() == ([b"0", b"0"] if os.geteuid() == 0 else [b"0", b"-"])


def test_a_process_that_has_ended_has_neither_map_nor_name(watch):
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    for _ in ("not missed yet", "missed"):
        with pytest.raises(NotFound, match=str(child.pid)):
            watch.id_maps(child.pid)
        assert identity_of(child.pid) is None
        assert processes.by_age([child.pid]) == []
        child.wait()


def test_this_process_is_called_as_everywhere(watch):
    assert watch.myself() == identity()
