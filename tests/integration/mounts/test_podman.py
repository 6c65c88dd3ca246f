"""Containers of Podman and runc: maps of users, and ends that the runtime does not notice."""

import os
import signal

import pytest

from domain.mounts import Owner
from tests.support.containers.processes import kill
from tests.support.readers import a_token
from tests.support.served_mounts import GONE_WITHIN_S, seconds_until, token_of

TARGET = "/run/claude-hooks"
FILE = f"{TARGET}/tokens/reviewer"
READS = ["cat", FILE]
WAITS = ["sleep", "600"]


def bound(directory):
    return ["--mount", f"type=bind,source={directory},target={TARGET},readonly"]


@pytest.mark.parametrize(
    ("flags", "owner", "others"),
    [
        ([], Owner(0, 0), ["--user", "1000:1000"]),
        (["--cap-drop", "ALL"], Owner(0, 0), ["--user", "1000:1000"]),
        (["--user", "1000:1000"], Owner(1000, 1000), ["--user", "1001:1001"]),
        (["--uidmap", "0:100000:65536", "--user", "1000:1000"], Owner(101_000, 101_000), ["--user", "1000:1000"]),
    ],
    ids=["root", "root without capabilities", "a user", "a user of a namespace"],
)
def test_the_reader_that_was_named_reads_and_no_other(served, podman, flags, owner, others):
    directory = served.open(owner=owner)

    read = podman.run([*bound(directory), *flags], *READS)
    refused = podman.run([*bound(directory), *others], *READS)

    assert (read.returncode, read.stdout) == (0, a_token(0)), read.stderr
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr


def test_a_running_container_reads_the_new_token_and_cannot_write(served, podman):
    container = podman.start(bound(served.open()), *WAITS)
    for number in range(1, 4):
        served.patch(a_token(number))
        assert container.execute(*READS).stdout == a_token(number)

    assert "Read-only file system" in container.execute("touch", f"{TARGET}/x").stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_tokens_are_gone_within_two_seconds_of_the_container(served, podman, number):
    directory = served.open()
    container = podman.start(bound(directory), "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")
    served.wait_until_noticed()
    pid = container.pid
    os.kill(pid, number)
    waited = seconds_until(lambda: not token_of(directory).exists())

    assert waited < GONE_WITHIN_S + 0.2  # the shell looks at its signals each tenth of a second


def test_what_podman_calls_up_and_is_dead_holds_no_token(served, podman):
    directory = served.open()
    container = podman.start(bound(directory), *WAITS)
    served.wait_until_noticed()
    conmon, first = container.conmon_pid, container.pid
    kill(conmon)
    kill(first)

    waited = seconds_until(lambda: not token_of(directory).exists())

    assert waited < GONE_WITHIN_S
    assert container.inspect()["State"]["Status"] == "running"  # which it is not


def test_a_container_that_died_with_its_watcher_while_the_service_was_dead_holds_no_token(served, podman):
    directory = served.open()
    container = podman.start(bound(directory), *WAITS)
    served.wait_until_noticed()
    served.home.kill()
    kill(container.conmon_pid)
    kill(container.pid)
    assert token_of(directory).exists()
    served.home.start()

    assert seconds_until(lambda: not token_of(directory).exists()) < GONE_WITHIN_S


def test_a_container_is_listed_by_the_id_that_podman_has_for_it(served, podman):
    container = podman.start(bound(served.open()), *WAITS)
    (listed,) = served.listed()["containers"]

    assert (listed["container"], listed["pid"]) == (container.id[:12], container.pid)
