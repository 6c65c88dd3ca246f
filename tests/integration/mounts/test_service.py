"""A running service and real containers: rotation is live and whole, and what nobody has any more is gone."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.readers import a_reader, a_token, in_a_container
from tests.support.served import STRONGROOM
from tests.support.served_mounts import GONE_WITHIN_S, seconds_until, token_of

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap")

READS = 60_000
WAITS = ["sh", "-c", "echo begun; exec sleep 600"]
SHORTLY_S = 20.0


def begun(process):
    assert process.stdout.readline() == b"begun\n"
    return process


def test_containers_read_whole_tokens_while_they_are_rotated_all_the_time(served):
    directory = served.open()
    with ExitStack() as stack:
        readers = [stack.enter_context(a_reader(directory, "tokens/reviewer", reads=READS)) for _ in range(2)]
        begun_at, rotations = time.monotonic(), 0
        while time.monotonic() - begun_at < 2 or rotations < 100:
            rotations += 1
            served.store(a_token(rotations))
        told = [tell() for tell in readers]

    reads = {kind: sum(each[kind] for each in told) for kind in ("whole", "empty", "torn", "missing")}
    assert reads == {"whole": 2 * READS, "empty": 0, "torn": 0, "missing": 0}
    assert all(each["values"] > 20 for each in told)


def test_a_new_token_is_in_the_container_before_the_answer(served):
    directory = served.open()
    with in_a_container(directory, "sh", "-c", "echo begun; while read line; do cat /mnt/tokens/reviewer; done") as it:
        begun(it)
        for number in range(1, 6):
            served.patch(a_token(number))
            assert token_of(directory).read_text() == a_token(number)


def test_every_change_over_http_is_in_the_mount_before_the_answer(served):
    file, secret = token_of(served.open()), "/secrets/agent_token:reviewer"

    served.ask("PUT", secret, {"value": a_token(1)})
    assert file.read_text() == a_token(1)
    served.ask("POST", f"{secret}/rollback", {"version": 1})
    assert file.read_text() == a_token(0)
    served.ask("DELETE", secret)
    assert not file.exists()
    served.ask("PUT", secret, {"value": a_token(2)})
    assert file.read_text() == a_token(2)
    served.ask("DELETE", "/agents/reviewer/token")
    assert not file.exists()


def test_what_is_in_a_container_can_be_read_there_and_not_written(served):
    directory = served.open()
    script = "touch /mnt/x; rm -f /mnt/tokens/reviewer; mv /mnt/tokens /mnt/y; cat /mnt/tokens/reviewer"
    with in_a_container(directory, "sh", "-c", script) as it:
        assert it.stdout.read() == a_token(0).encode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_tokens_are_gone_within_two_seconds_of_the_last_process(served, number):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
        with token_of(directory).open("rb") as held:
            it.send_signal(number)
            it.wait()
            waited = seconds_until(lambda: not token_of(directory).exists())
            assert held.read() == b""

    assert waited < GONE_WITHIN_S
    assert served.listed()["state"] == "ended"
    assert not [path for path in directory.rglob("*") if path.is_file()]


def test_a_second_container_keeps_what_the_first_leaves(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as one, in_a_container(directory, *WAITS) as other:
        begun(one), begun(other)
        seconds_until(lambda: len(served.listed()["containers"]) == 2)
        one.kill()
        one.wait()
        seconds_until(lambda: len(served.listed()["containers"]) == 1)
        time.sleep(GONE_WITHIN_S)  # nothing tells that nothing happens
        assert token_of(directory).exists()


def test_a_container_that_comes_back_at_once_finds_its_token_before_its_first_instruction(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
    inode = directory.stat().st_ino
    with in_a_container(directory, "cat", "/mnt/tokens/reviewer") as it:
        assert it.stdout.read() == a_token(0).encode()
    assert directory.stat().st_ino == inode


def test_a_container_that_comes_back_later_is_given_its_token_again(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
    seconds_until(lambda: not token_of(directory).exists())
    served.patch(a_token(5))
    waits = "echo begun; until test -e /mnt/tokens/reviewer; do sleep 0.02; done; cat /mnt/tokens/reviewer"
    with in_a_container(directory, "sh", "-c", waits) as it:
        begun(it)
        assert it.stdout.read() == a_token(5).encode()


def test_a_mount_that_was_closed_stays_closed_for_a_container_that_runs(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
        served.close()
        time.sleep(GONE_WITHIN_S)  # nothing tells that nothing happens
        assert not token_of(directory).exists()
        assert served.listed()["state"] == "closed"
        assert "closed" in served.listed()["faults"][0]


def test_what_ended_while_the_service_was_dead_is_gone_when_it_is_back(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
        served.home.kill()
    assert token_of(directory).exists()

    served.home.start()
    assert seconds_until(lambda: not token_of(directory).exists()) < GONE_WITHIN_S


def test_a_container_outlives_the_service_and_goes_on_being_served(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        served.wait_until_noticed()
        served.home.stop()
        assert token_of(directory).read_text() == a_token(0)
        served.home.start()
        served.patch(a_token(1))
        assert token_of(directory).read_text() == a_token(1)
        assert served.listed()["state"] == "in use"


def test_a_container_from_before_a_rotation_is_stale(served):
    directory = served.open()
    with in_a_container(directory, *WAITS) as it:
        begun(it)
        assert not served.listed()["containers"][0]["stale"]
        time.sleep(0.2)  # the kernel tells the start of a process in hundredths of a second
        served.patch(a_token(1))
        assert served.listed()["containers"][0]["stale"]
        with in_a_container(directory, *WAITS) as newer:
            begun(newer)
            assert sorted(each["stale"] for each in served.listed()["containers"]) == [False, True]


def test_a_single_file_in_a_container_is_found_out(served):
    directory = served.open()
    with in_a_container(token_of(directory), *WAITS, target="/tmp") as it:
        assert it.wait(SHORTLY_S) != 0  # a file has no place on a directory
    target = served.home.directory / "token"
    target.touch()
    with in_a_container(token_of(directory), *WAITS, target=str(target)) as it:
        begun(it)
        assert "single file" in served.listed()["faults"][0]
        served.patch(a_token(1))
        assert any("reads" in fault for fault in served.listed()["faults"])


def test_a_command_that_was_killed_with_its_master_leaves_nothing(served):
    program = [STRONGROOM, "mounts", "exec", "reviewer", "--", "sh", "-c", "echo $$; exec sleep 600"]
    with subprocess.Popen(program, env=served.home.environ, stdout=subprocess.PIPE) as process:
        orphan = int(process.stdout.readline())
        try:
            directory = Path(served.listed()["directory"])
            assert token_of(directory).exists()
            process.kill()
            process.wait()
            waited = seconds_until(lambda: not token_of(directory).exists())
        finally:
            os.kill(orphan, signal.SIGKILL)

    assert waited < GONE_WITHIN_S
