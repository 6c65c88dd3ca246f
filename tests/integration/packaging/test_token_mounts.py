"""The drop-in for token mounts gives the service what it needs for them, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.integration.packaging.programs import PACKAGING, program, skip_unless_mounting_is_allowed
from tests.integration.packaging.units import SYSTEMD, allowed_calls, directives
from tests.support.memory_directory import memory_directory
from tests.support.mounted import Container, bubblewrap, skip_without_bubblewrap

MOUNT_UNIT = r"run-claude\x2dhooks.mount"
SERVICE, DROP_IN, MOUNT = (directives(name) for name in ("strongroom.service", "token-mounts.conf", MOUNT_UNIT))
CAPABILITIES = DROP_IN["AmbientCapabilities"][0].split()
THE_SERVICE, A_USER, IN_A_NAMESPACE = 65534, 1000, 101000
EXPOSED = 21
"""What `systemd-analyze security` says in tenths; 12 without the drop-in."""

CALL = re.compile(r"^\d+ +(?:<\.\.\. )?([a-z0-9_]+)(?:\(| resumed)", re.MULTILINE)
BEGUN = re.compile(r"^\d+ +execve\(\"[^\"]*python[^\"]*\", .*\) = 0$", re.MULTILINE)
WORKS = """
import json, os, sys
from pathlib import Path
from adapters.filesystem import DirectoryTokenMount
from adapters.system import ProcMountWatch
from domain.errors import DomainError
from domain.mounts import Owner
mounts, watch = DirectoryTokenMount(Path(sys.argv[1]), service="this one"), ProcMountWatch(Path(sys.argv[1]))
user, pid, user_inside = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
told = {}
def tell(name, act):
    try:
        told[name] = act()
    except (DomainError, OSError) as error:
        told[name] = str(error)
tell("memory", lambda: mounts.prepare().is_in_memory)
tell("new", lambda: mounts.write("coder", "tokens/coder", b"tok-1", Owner(user, user)))
tell("rotated", lambda: mounts.write("coder", "tokens/coder", b"tok-2", Owner(user, user)))
tell("unchanged", lambda: mounts.write("coder", "tokens/coder", b"tok-2", Owner(user, user)))
tell("owner", lambda: os.stat(mounts.directory("coder") + "/tokens/coder").st_uid)
tell("readers", lambda: [[each.agent, each.pid] for each in watch.readers()])
tell("living", lambda: [each.process in watch.living([each.process]) for each in watch.readers()])
tell("ids", lambda: watch.id_maps(pid)[0].outside(user_inside))
tell("waited", lambda: watch.wait([each.process for each in watch.readers()], timeout_ms=50))
tell("wiped", lambda: mounts.wipe("coder", "tokens/coder"))
tell("swept", lambda: mounts.sweep({}))
tell("left", lambda: [str(path) for path in Path(mounts.directory("coder")).rglob("*") if path.is_file()])
print(json.dumps(told))
"""
"""All that the service does with a mount of the user that is named, in the order of its life."""


@pytest.fixture
def memory():
    """The mount unit's file system, as the unit of the service hands it on."""
    skip_unless_mounting_is_allowed()
    with memory_directory() as root:
        root.parent.chmod(0o755)  # as /run is
        root.mkdir()
        options = MOUNT["Options"][0].split(",")
        mount = ["mount", "-t", MOUNT["Type"][0], MOUNT["What"][0], root, "-o"]
        if subprocess.run([*mount, ",".join(options)], capture_output=True, check=False).returncode:
            # Before Linux 6.4; the unit says what to do there.
            subprocess.run([*mount, ",".join(each for each in options if each != "noswap")], check=True)
        os.chown(root, THE_SERVICE, THE_SERVICE)
        root.chmod(int(DROP_IN["RuntimeDirectoryMode"][0], 8))
        yield root


@pytest.fixture
def container(memory):
    """A container of another user, which has a mount."""
    skip_without_bubblewrap()
    directory = memory / "agents" / "reviewer"
    directory.mkdir(parents=True)
    for each in (directory.parent, directory):
        each.chmod(0o711)
        os.chown(each, THE_SERVICE, THE_SERVICE)
    container = Container(bubblewrap(directory, uid=A_USER))
    yield container
    container.end()


def as_service(capabilities, *command):
    """Return a command as the unit would run it: its user, its capabilities, its `/proc`, its mount namespace."""
    only = ",".join(["-all", *(f"+{each.removeprefix('CAP_').lower()}" for each in capabilities)])
    user = ["setpriv", f"--reuid={THE_SERVICE}", f"--regid={THE_SERVICE}", "--clear-groups", "--no-new-privs"]
    sets = [f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"]
    proc = f"mount -t proc -o hidepid={SERVICE['ProtectProc'][0]} proc /proc"
    return ["unshare", "--mount", "sh", "-ec", f'{proc} && exec "$@"', "sh", *user, *sets, *command]


def told(memory, container, capabilities, *before):
    program("setpriv", "util-linux")
    probe = [sys.executable, "-c", WORKS, str(memory), str(IN_A_NAMESPACE), str(container.pids[0]), str(A_USER)]
    done = subprocess.run(as_service(capabilities, *before, *probe), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(container):
    return {
        "memory": True,
        "new": True,
        "rotated": True,
        "unchanged": False,
        "owner": IN_A_NAMESPACE,
        "readers": [["reviewer", container.pids[0]]],
        "living": [True],
        "ids": A_USER,
        "waited": None,
        "wiped": True,
        "swept": [],
        "left": [],
    }


def test_the_capabilities_suffice(memory, container):
    assert "ProtectProc" not in DROP_IN  # so it is that of the unit
    assert told(memory, container, CAPABILITIES) == expected(container)


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        ("CAP_CHOWN", {"new", "rotated", "unchanged", "owner", "wiped"}),
        ("CAP_FOWNER", {"new", "rotated", "unchanged", "owner", "wiped"}),
        ("CAP_DAC_READ_SEARCH", {"unchanged"}),
        ("CAP_SYS_PTRACE", {"readers", "living", "ids"}),
    ],
)
def test_none_of_the_capabilities_is_too_many(memory, container, one, wrong):
    others = [each for each in CAPABILITIES if each != one]
    without = told(memory, container, others)

    assert len(others) < len(CAPABILITIES)
    assert {each for each, well in expected(container).items() if without[each] != well} == wrong


def test_no_system_call_is_forbidden_that_mounts_take(memory, container):
    allowed = allowed_calls(SERVICE["SystemCallFilter"] + DROP_IN["SystemCallFilter"])
    trace = memory.parent / "trace"
    trace.touch()
    trace.chmod(0o666)
    strace = [program("strace", "strace"), "--follow-forks", "--quiet=all", f"--output={trace}"]
    told(memory, container, CAPABILITIES, *strace)

    calls = trace.read_text()
    assert BEGUN.search(calls)
    called = set(CALL.findall(calls))
    assert {"fchown", "pidfd_open", "poll"} <= called
    assert called <= allowed


def test_the_filter_is_opened_for_nothing_but_owners():
    before = allowed_calls(SERVICE["SystemCallFilter"])
    after = allowed_calls(SERVICE["SystemCallFilter"] + DROP_IN["SystemCallFilter"])

    assert {name.rstrip("32") for name in after - before} == {"chown", "fchown", "fchownat", "lchown"}


@pytest.fixture
def units(tmp_path):
    """Copies of the units with the drop-in; what they start is there."""
    (tmp_path / "strongroom.service.d").mkdir()
    shutil.copy(SYSTEMD / "token-mounts.conf", tmp_path / "strongroom.service.d")
    shutil.copy(SYSTEMD / MOUNT_UNIT, tmp_path)
    unit = (SYSTEMD / "strongroom.service").read_text()
    (tmp_path / "strongroom.service").write_text(unit.replace("/opt/strongroom/bin/strongroom", shutil.which("true")))
    return tmp_path


def analyze(*args):
    return subprocess.run(
        [program("systemd-analyze", "systemd"), *args], capture_output=True, text=True, check=False, timeout=60
    )


def test_systemd_has_nothing_to_say_about_the_units(units):
    done = analyze("verify", "--man=no", units / "strongroom.service", units / MOUNT_UNIT)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_service_is_exposed_to_little_more(units):
    assert analyze("security", "--offline=true", f"--threshold={EXPOSED}", units / "strongroom.service").returncode == 0


def test_the_drop_in_and_the_mount_are_about_the_directory_of_the_service():
    assert DROP_IN["BindsTo"] == DROP_IN["After"] == [MOUNT_UNIT]
    assert MOUNT["Where"] == [f"/run/{SERVICE['RuntimeDirectory'][0]}"]
    assert DROP_IN["RuntimeDirectoryPreserve"] == ["yes"]
    assert f"mode={DROP_IN['RuntimeDirectoryMode'][0]}" in MOUNT["Options"][0].split(",")
    assert {"noswap", "nosuid", "nodev", "noexec"} <= set(MOUNT["Options"][0].split(","))
    assert DROP_IN["CapabilityBoundingSet"] == DROP_IN["AmbientCapabilities"]


def test_the_page_names_the_files_to_install():
    page = (PACKAGING.parent / "docs" / "containers.md").read_text()

    assert MOUNT_UNIT in page
    assert "token-mounts.conf" in page
    assert DROP_IN["AmbientCapabilities"][0] in page
