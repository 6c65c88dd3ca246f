"""Waiting for the end of processes, by descriptors and without."""

import errno
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from adapters.system import identity, process_end
from adapters.system.process_end import wait_for_end
from adapters.system.process_identity import identity_of

LONG_MS = 60_000
AT_ONCE_S = 10.0
SHORT_MS = 150


@pytest.fixture
def start():
    """A function that starts a process; returns it and its name."""
    started = []

    def start():
        child = subprocess.Popen(["sleep", "600"])
        started.append(child)
        return child, identity_of(child.pid)

    yield start
    for child in started:
        child.kill()
        child.wait()


def descriptors():
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


@pytest.fixture
def opened():
    """The descriptors that are open before and after the test are the same."""
    before = descriptors()
    yield
    assert descriptors() == before


def refuse(mocker, number):
    if number is None:
        mocker.patch.object(process_end.os, "pidfd_open", None)
    else:
        mocker.patch.object(process_end.os, "pidfd_open", side_effect=OSError(number, os.strerror(number)))


WAYS = pytest.mark.parametrize(
    "refusal",
    ["none", None, errno.EPERM, errno.ENOSYS, errno.EMFILE],
    ids=["pidfd", "missing", "EPERM", "ENOSYS", "EMFILE"],
)


def seconds(*names, timeout_ms=LONG_MS):
    begun = time.monotonic()
    wait_for_end(names, timeout_ms=timeout_ms)
    return time.monotonic() - begun


@WAYS
def test_the_wait_is_over_when_one_ends(start, mocker, opened, refusal):
    (one, name), (_, other) = start(), start()
    if refusal != "none":
        refuse(mocker, refusal)
    timer = threading.Timer(0.2, one.kill)
    timer.start()

    assert 0.15 <= seconds(name, other, identity()) < AT_ONCE_S
    timer.join()


@WAYS
def test_the_wait_is_over_when_the_time_is(start, mocker, opened, refusal):
    _, name = start()
    if refusal != "none":
        refuse(mocker, refusal)

    assert SHORT_MS / 1_000 <= seconds(name, timeout_ms=SHORT_MS) < AT_ONCE_S


@WAYS
def test_nobody_waits_for_who_has_ended_and_is_not_missed_yet(start, mocker, opened, refusal):
    one, name = start()
    one.kill()
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
    if refusal != "none":
        refuse(mocker, refusal)

    assert seconds(identity(), name) < AT_ONCE_S


@WAYS
def test_another_process_under_the_number_of_one_that_was_is_not_waited_for(start, mocker, opened, refusal):
    _, name = start()
    if refusal != "none":
        refuse(mocker, refusal)
    former = f"{name.rpartition('/')[0]}/1"

    assert seconds(identity(), former) < AT_ONCE_S


def test_a_number_that_passes_on_just_before_it_is_opened_is_noticed(start, mocker, opened):
    (one, name), (other, _) = start(), start()
    open_process = os.pidfd_open

    def passed_on(pid):
        one.kill()
        one.wait()
        return open_process(other.pid)  # what the number means by now

    mocker.patch.object(process_end.os, "pidfd_open", side_effect=passed_on)

    assert seconds(name) < AT_ONCE_S


@pytest.mark.parametrize("name", ["", "ended", "x" * 32, "2f03d2b7-dae5-4833-9848-29536a55101e/1/1/1"])
def test_who_is_not_of_here_is_not_waited_for_and_ends_no_wait(opened, name):
    assert SHORT_MS / 1_000 <= seconds(name, identity(), timeout_ms=SHORT_MS) < AT_ONCE_S


@pytest.mark.parametrize("timeout_ms", [0, -5])
def test_who_has_no_time_does_not_wait(opened, timeout_ms):
    assert seconds(identity(), timeout_ms=timeout_ms) < 1


def test_without_processes_the_time_is_waited(opened):
    assert SHORT_MS / 1_000 <= seconds(timeout_ms=SHORT_MS) < AT_ONCE_S


def test_no_more_than_256_processes_are_watched(mocker, opened):
    space = identity().rpartition("/")[0].rpartition("/")[0]
    refused = mocker.patch.object(process_end.os, "pidfd_open", side_effect=PermissionError(errno.EPERM, "no"))
    mocker.patch.object(process_end, "is_gone", return_value=False)

    seconds(*(f"{space}/{number}/1" for number in range(1, 1_101)), timeout_ms=1)
    assert refused.call_count == 256


def test_descriptors_are_closed_whatever_happens(start, mocker, opened):
    _, name = start()
    mocker.patch.object(process_end, "is_gone", side_effect=RuntimeError("whatever"))

    with pytest.raises(RuntimeError):
        wait_for_end([name], timeout_ms=LONG_MS)
