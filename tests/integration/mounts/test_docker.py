"""Containers of a Docker Engine: restarts, a daemon that is killed, and what of a token Docker keeps."""

import json
from pathlib import Path

import pytest

from tests.support.containers.processes import kill
from tests.support.readers import a_token
from tests.support.served_mounts import GONE_WITHIN_S, seconds_until, token_of

TARGET = "/run/claude-hooks"
READS = ["cat", f"{TARGET}/tokens/reviewer"]
WAITS = ["sleep", "600"]
SHOWN = "tok-shown-to-the-container-only"


def bound(directory):
    return ["--mount", f"type=bind,source={directory},target={TARGET},readonly"]


def test_a_running_container_reads_the_new_token(served, docker_engine):
    container = docker_engine.start(bound(served.open()), *WAITS)
    for number in range(1, 4):
        served.patch(a_token(number))
        assert container.execute(*READS).stdout == a_token(number)


def test_docker_keeps_nothing_of_a_token(served, docker_engine, tmp_path):
    served.store(SHOWN)
    container = docker_engine.start(bound(served.open()), "sh", "-c", f"wc -c {READS[1]}; exec sleep 600")
    seconds_until(lambda: str(len(SHOWN)) in container.logs())
    assert container.execute(*READS).stdout == SHOWN
    container.export(tmp_path / "exported.tar")
    image = container.commit("kept:latest")
    docker_engine.call("save", "--output", str(tmp_path / "saved.tar"), image)

    kept = {
        "inspect": json.dumps(container.inspect()).encode(),
        "logs": container.logs().encode(),
        "events": docker_engine.log.encode(),
        "export": (tmp_path / "exported.tar").read_bytes(),
        "commit": (tmp_path / "saved.tar").read_bytes(),
        "arguments": _of_every_process("cmdline"),
        "environments": _of_every_process("environ"),
    }

    assert [place for place, content in kept.items() if SHOWN.encode() in content] == []


def test_a_container_that_its_policy_brings_back_finds_its_token_before_its_first_instruction(served, docker_engine):
    inode = served.open().stat().st_ino
    directory = served.open()
    says = ["sh", "-c", f"{' '.join(READS)}; echo; exec sleep 600"]
    container = docker_engine.start([*bound(directory), "--restart", "always"], *says)
    served.wait_until_noticed()
    first = container.pid
    kill(first)
    container.wait_for_another_process(first)

    seconds_until(lambda: container.logs().count(a_token(0)) == 2)
    assert "No such file" not in container.logs()
    assert directory.stat().st_ino == inode


def test_a_killed_daemon_keeps_no_token_alive_and_takes_none_away(served, docker_engine):
    directory = served.open()
    container = docker_engine.start(bound(directory), *WAITS)
    served.wait_until_noticed()
    first = container.pid
    docker_engine.kill_daemon()

    served.patch(a_token(1))
    assert token_of(directory).read_text() == a_token(1)
    kill(first)
    assert seconds_until(lambda: not token_of(directory).exists()) < GONE_WITHIN_S


def test_a_container_is_not_begun_where_no_mount_was_opened(served, docker_engine):
    directory = served.open()
    served.close()

    done = docker_engine.run(bound(directory), *READS)

    assert done.returncode != 0
    assert "does not exist" in done.stderr


@pytest.mark.parametrize("kind", ["stop", "kill"])
def test_a_container_that_docker_ends_leaves_nothing(served, docker_engine, kind):
    directory = served.open()
    container = docker_engine.start(bound(directory), *WAITS)
    served.wait_until_noticed()
    docker_engine.call(kind, *(["--time", "0"] if kind == "stop" else []), container.id)

    assert seconds_until(lambda: not token_of(directory).exists()) < GONE_WITHIN_S


def _of_every_process(what):
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                found.append((process / what).read_bytes())
            except OSError:
                continue
    return b"\n".join(found)


def test_a_command_in_a_mount_leaves_a_container_its_way_back(served, docker_engine):
    directory = served.open()
    crashes = ["sh", "-c", f"test -r {READS[1]} || echo empty; sleep 1; exit 1"]
    container = docker_engine.start([*bound(directory), "--restart", "on-failure"], *crashes)
    served.wait_until_noticed()
    seconds_until(lambda: served.listed()["state"] == "ended", patience_s=60)  # once it is put off for so long

    served.home.call("mounts", "exec", "reviewer", "--", "true")

    times = container.inspect()["RestartCount"]
    seconds_until(lambda: container.inspect()["RestartCount"] > times + 1, patience_s=60)
    assert container.inspect()["State"]["Error"] == ""
