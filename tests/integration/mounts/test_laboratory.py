"""The laboratory itself: what the kernel does with mounts is seen in each tier, and nothing is left of any."""

import json
import os
from pathlib import Path

import pytest

from tests.support.containers.docker_engine import a_docker_engine
from tests.support.containers.podman import a_podman
from tests.support.containers.processes import cgroups_of, eventually, is_alive, kill, wait_until_gone
from tests.support.containers.remains import cgroups_marked, mounts_of, processes_marked, shim_sockets

WAITS = ["sh", "-c", "echo begun; exec sleep 600"]
READ_ALL = 'for file in /tokens/*; do cat "$file" 2>/dev/null || echo refused; done'
# Owner, group and mode of the files that `READ_ALL` reads.
FILES = {"1": (0, 0, 0o600), "2": (1000, 1000, 0o400), "3": (0, 1000, 0o440), "4": (101_000, 101_000, 0o400)}


def put(directory, name, text, *, owner=0, group=0, mode=0o444):
    """Rename a file into place, as it should be from its first instant."""
    beside = directory / f".{name}"
    beside.write_text(text)
    if os.geteuid() == 0:
        os.chown(beside, owner, group)
    beside.chmod(mode)
    beside.replace(directory / name)


def bound(source, target="/tokens"):
    return ["--mount", f"type=bind,source={source},target={target},readonly"]


def wrapped(source, target="/tokens"):
    return ["--ro-bind", str(source), target]


def readable(done):
    """Tell of each file of `FILES` whether a container could read it."""
    return [line != "refused" for line in done.stdout.split()]


@pytest.fixture
def token(tokens):
    put(tokens, "token", "first\n")
    return tokens / "token"


@pytest.fixture
def matrix(tokens):
    for name, (owner, group, mode) in FILES.items():
        put(tokens, name, f"{name}\n", owner=owner, group=group, mode=mode)
    return tokens


@pytest.fixture(params=["podman", "docker_engine"])
def engine(request):
    return request.getfixturevalue(request.param)


def test_bubblewrap_shows_a_renamed_file_through_its_directory_and_never_through_itself(bubblewrap, tokens, token):
    flags = [*wrapped(tokens), *wrapped(token, "/single")]
    with bubblewrap.shell(flags) as container:
        before = container.ask("cat /tokens/token /single")
        put(tokens, "token", "second\n")
        after = container.ask("cat /tokens/token /single")
        mounts = container.ask("cat /proc/self/mountinfo")

    assert (before, after) == ("first\nfirst\n", "second\nfirst\n")
    assert "token//deleted /single" in mounts
    assert not is_alive(container.init)


def test_bubblewrap_lets_nothing_be_written(bubblewrap, tokens, token):
    done = bubblewrap.run(wrapped(tokens), "sh", "-c", "touch /tokens/new; rm -f /tokens/token")

    assert done.stderr.count("Read-only file system") == 2


def test_a_process_in_bubblewrap_is_known_to_the_host_and_can_be_killed(bubblewrap, tokens):
    with bubblewrap.start(wrapped(tokens), *WAITS) as container:
        assert container.lines.next() == "begun"
        pid = container.pid
        assert Path(f"/proc/{pid}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
        container.kill()

    assert not is_alive(pid)
    assert not is_alive(container.init)


def test_a_container_that_cannot_begin_says_so(bubblewrap, tokens):
    with pytest.raises(ChildProcessError, match="ended with 1"), bubblewrap.start(["--no-such-flag"], "true"):
        pass
    with bubblewrap.start(wrapped(tokens / "none"), *WAITS) as container:
        with pytest.raises(ChildProcessError, match="ended with 1"):
            _ = container.pid
        with pytest.raises(EOFError):
            container.lines.next()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: run the tests as root for files of another user")
@pytest.mark.parametrize(
    ("uid", "expected"), [(0, [True, False, True, False]), (1000, [False, True, True, False])], ids=["root", "agent"]
)
def test_bubblewrap_reads_as_a_user_of_the_host(bubblewrap, matrix, uid, expected):
    assert readable(bubblewrap.run(wrapped(matrix), "sh", "-c", READ_ALL, uid=uid)) == expected


def test_an_engine_shows_a_renamed_file_through_its_directory_and_never_through_itself(engine, tokens, token):
    container = engine.start([*bound(tokens), *bound(token, "/single")], *WAITS)
    put(tokens, "token", "second\n")

    assert container.execute("cat", "/tokens/token", "/single", user="1000").stdout == "second\nfirst\n"
    assert "Read-only file system" in container.execute("touch", "/tokens/new").stderr
    assert "begun" in container.logs()
    assert engine.directory.name in cgroups_of(container.pid)
    container.remove()
    assert engine.containers() == []


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--user", "1000:1000"], [False, True, True, False]),
        ([], [True, True, True, True]),
        (["--cap-drop", "ALL"], [True, False, True, False]),
        (
            ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536", "--user", "1000:1000"],
            [False, False, False, True],
        ),
    ],
    ids=["agent", "root", "root without capabilities", "agent of another user namespace"],
)
def test_podman_reads_as_the_user_that_the_container_has_on_the_host(podman, matrix, flags, expected):
    assert readable(podman.run([*bound(matrix), *flags], "sh", "-c", READ_ALL)) == expected


def test_podman_says_that_a_container_runs_whose_processes_are_killed(podman, tokens):
    container = podman.start(bound(tokens), *WAITS)
    conmon, init = container.conmon_pid, container.pid
    kill(conmon)
    wait_until_gone(conmon)
    kill(init)
    wait_until_gone(init)

    assert podman.containers() == [container.id]
    assert container.inspect()["State"]["Status"] == "running"


def test_an_engine_tells_of_starts_and_ends(engine, tokens):
    container = engine.start(bound(tokens), *WAITS)
    container.kill()

    seen = []
    with engine.events() as events:
        while "die" not in (seen[-1:] or [""])[0]:
            event = json.loads(events.next())
            if container.id in {event.get("ID"), event.get("id")}:
                seen.append(event.get("Status") or event["status"])
    assert "start" in seen


def test_docker_restarts_a_container_as_its_policy_says(docker_engine, tokens, token):
    container = docker_engine.start([*bound(tokens), "--restart", "always"], *WAITS)
    first = container.pid
    kill(first)
    second = container.wait_for_another_process(first)

    assert container.execute("cat", "/tokens/token").stdout == "first\n"
    assert not is_alive(first)
    assert is_alive(second)


def test_a_container_outlives_its_docker_daemon_which_can_be_begun_again(docker_engine, tokens):
    container = docker_engine.start(bound(tokens), *WAITS)
    pid, daemon, containerd = container.pid, docker_engine.daemon_pid, docker_engine.containerd_pid
    docker_engine.kill_daemon()
    assert [is_alive(each) for each in (pid, daemon, containerd)] == [True, False, False]
    kill(pid)
    wait_until_gone(pid)

    docker_engine.begin()
    assert eventually(lambda: container.inspect()["State"]["Status"], "the container is known") == "exited"


def test_what_is_made_of_a_docker_container_is_without_what_was_mounted(docker_engine, tokens, tmp_path):
    put(tokens, "token", "tok-sentinel\n")
    container = docker_engine.start(bound(tokens), "sh", "-c", "echo tok-elsewhere > /tmp/kept; exec sleep 600")
    eventually(lambda: container.execute("cat", "/tmp/kept").stdout, "the file is there")
    container.export(tmp_path / "files.tar")
    image = container.commit("localhost/copied:latest")
    docker_engine.call("save", "--output", str(tmp_path / "image.tar"), image)
    docker_engine.call("image", "rm", "localhost/copied:latest")

    for made in ("files.tar", "image.tar"):
        content = (tmp_path / made).read_bytes()
        assert (b"tok-elsewhere" in content, b"tok-sentinel" in content) == (True, False)


@pytest.mark.parametrize("kind", ["podman", "docker"])
def test_nothing_is_left_of_an_engine_that_was_killed_with_its_containers_running(request, rootfs, tokens, kind):
    request.getfixturevalue("podman" if kind == "podman" else "docker_engine")  # or be skipped
    with {"podman": a_podman, "docker": a_docker_engine}[kind](rootfs) as engine:
        mark, container = engine.directory.name, engine.start(bound(tokens), *WAITS)
        pid = container.pid
        kill(container.conmon_pid) if kind == "podman" else engine.kill_daemon()
        assert is_alive(pid)
        assert cgroups_marked(mark)
        sockets = shim_sockets(engine.directory)
        assert len(sockets) == (kind == "docker")

    assert not is_alive(pid)
    assert not processes_marked(mark)
    assert not mounts_of(engine.directory)
    assert not cgroups_marked(mark)
    assert not [each for each in sockets if each.exists()]
    assert not engine.directory.exists()
