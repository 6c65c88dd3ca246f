"""Whether a process has ended: told only of those of this machine that were seen to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.system import identity, is_gone, process_identity

SAYS_WHO_IT_IS = """
import sys
from pathlib import Path
from adapters.system import identity
if len(sys.argv) > 1:
    Path("/proc/self/comm").write_text(sys.argv[1])
print(identity(), flush=True)
sys.stdin.read()
"""
BOOT = "2f03d2b7-dae5-4833-9848-29536a55101e"


@pytest.fixture
def start():
    """A function that starts a process, and returns it with its identity."""
    started = []

    def start(*arguments):
        child = subprocess.Popen(
            [sys.executable, "-c", SAYS_WHO_IT_IS, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(child)
        return child, child.stdout.readline().strip()

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A `/proc` that shows this process in a boot and a namespace of its own, and no other process."""
    monkeypatch.setattr(process_identity, "_PROC", tmp_path)
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(BOOT + "\n")
    (tmp_path / str(os.getpid()) / "ns").mkdir(parents=True)
    (tmp_path / str(os.getpid()) / "ns/pid").touch()
    (tmp_path / str(os.getpid()) / "stat").write_bytes(Path("/proc/self/stat").read_bytes())
    (tmp_path / "self").symlink_to(str(os.getpid()))
    return tmp_path


def test_this_process_is_not_gone_and_is_always_called_the_same():
    assert identity() == identity()
    assert not is_gone(identity())


def test_a_process_is_gone_when_it_has_ended_and_not_before(start):
    child, name = start()

    assert not is_gone(name)
    child.kill()
    child.wait()
    assert is_gone(name)


def test_one_that_has_ended_and_is_not_yet_missed_is_gone(start):
    child, name = start()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert is_gone(name)


@pytest.mark.parametrize("program", ["a) Z 1 (b", "((", "Z Z Z", ")"])
def test_a_program_may_be_called_anything(start, program):
    _, name = start(program)

    assert not is_gone(name)
    assert name.endswith(f"/{_start_of(name)}")


def test_another_process_under_the_number_of_one_that_was_is_not_that_one():
    space, _, start = identity().rpartition("/")

    assert is_gone(f"{space}/{int(start) - 1}")


def test_of_another_boot_and_another_namespace_nothing_is_told(start):
    child, name = start()
    child.kill()
    child.wait()
    boot, namespace, pid, ticks = name.split("/")

    assert not is_gone(f"{BOOT[::-1]}/{namespace}/{pid}/{ticks}")
    assert not is_gone(f"{boot}/{int(namespace) + 1}/{pid}/{ticks}")
    assert is_gone(name)


@pytest.mark.parametrize("pid", ["", "0", "-1", "9" * 30, "\u0661", "self", "../1", "1\n"])
def test_of_what_is_no_process_number_nothing_is_told(pid):
    assert not is_gone(_with_pid(identity(), pid))


@pytest.mark.parametrize("name", ["", "x", "/", "a/b/c/d", "ended"])
def test_of_what_is_no_identity_nothing_is_told(name):
    assert not is_gone(name)
    assert not is_gone(_with_pid(identity(), "999999999") + f"/{name}")


def test_without_proc_a_process_is_called_at_random_and_nothing_is_told(tmp_path, monkeypatch):
    real = identity()
    monkeypatch.setattr(process_identity, "_PROC", tmp_path)

    assert identity() == identity() != real
    assert len(identity()) >= 32
    assert not is_gone(identity())
    assert not is_gone(_with_pid(real, "4000000"))


def test_where_proc_is_of_another_namespace_a_process_is_called_at_random(proc):
    assert BOOT in identity()
    (proc / "self").unlink()
    (proc / "self").symlink_to("1" + str(os.getpid()))
    (proc / ("1" + str(os.getpid())) / "ns").mkdir(parents=True)
    (proc / ("1" + str(os.getpid())) / "ns/pid").touch()

    assert BOOT not in identity()


def test_a_process_that_proc_hides_is_not_gone(proc):
    space = f"{BOOT}/{(proc / 'self/ns/pid').stat().st_ino}"

    assert not is_gone(f"{space}/{os.getppid()}/1")
    assert is_gone(f"{space}/999999999/1")


def _with_pid(name, pid):
    boot, namespace, _, ticks = name.split("/")
    return f"{boot}/{namespace}/{pid}/{ticks}"


def _start_of(name):
    said = Path("/proc", name.split("/")[2], "stat").read_text()
    return said.rpartition(")")[2].split()[19]
