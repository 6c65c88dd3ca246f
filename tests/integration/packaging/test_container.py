"""What the recipe of the container promises, read; and the program that tells whether the service in it is ready."""

import ast
import fnmatch
import re
import socket
import subprocess
import sys
import threading

import pytest

from app.setting_sources import load_settings
from app.settings import SPECS
from domain.values import SecretValue
from tests.integration.packaging.programs import PACKAGING, ROOT

DOCKERFILE = PACKAGING / "container" / "Dockerfile"
HEALTH = PACKAGING / "container" / "health.py"


def instructions():
    """Return (instruction, rest) for each, lines joined and comments left out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


ALL = instructions()
LAST = dict(ALL[max(at for at, (name, _) in enumerate(ALL) if name == "FROM") :])
"""Of the stage that becomes the image: what counts is the last of each kind."""


def environment():
    return dict(word.split("=", 1) for word in LAST["ENV"].split())


def test_there_are_two_stages_of_one_base_that_may_be_chosen():
    assert ALL[0][0] == "ARG"
    assert ALL[0][1].startswith("BASE=")
    assert [rest.partition(" ")[0] for name, rest in ALL if name == "FROM"] == ["${BASE}", "${BASE}"]


def test_no_shell_runs_while_it_is_built_or_started():
    started = [rest for name, rest in ALL if name in {"RUN", "ENTRYPOINT", "CMD"}]
    health = LAST["HEALTHCHECK"].partition("CMD ")[2]

    assert [rest for rest in [*started, health] if not isinstance(ast.literal_eval(rest), list)] == []


def test_what_is_installed_is_what_the_lock_file_pins():
    installs = [ast.literal_eval(rest) for name, rest in ALL if name == "RUN" and '"install"' in rest and "pip" in rest]

    pinned, ours = installs
    assert "--require-hashes" in pinned
    assert pinned[-2:] == ["-r", "requirements.lock"]
    assert {"--no-deps", "--no-build-isolation", "."} <= set(ours)


def test_it_runs_as_a_user_without_privileges_and_ends_on_sigterm():
    user, group = LAST["USER"].split(":")

    assert user.isdecimal()
    assert int(user) > 999
    assert group == user
    assert LAST["STOPSIGNAL"] == "SIGTERM"
    assert ast.literal_eval(LAST["ENTRYPOINT"]) == ["/opt/strongroom/bin/strongroom"]
    assert ast.literal_eval(LAST["CMD"]) == ["serve"]


def test_its_environment_is_settings_and_no_secret():
    ours = {name: value for name, value in environment().items() if name.startswith("STRONGROOM_")}
    settings = load_settings(ours)

    assert [name for name in SPECS if isinstance(getattr(settings, name), SecretValue)] == []
    assert set(ast.literal_eval(LAST["VOLUME"])) == {str(settings.state_dir), str(settings.config_dir)}
    assert settings.socket.parent == settings.runtime_dir


def test_it_is_built_from_what_the_builder_is_given():
    ignored, *allowed = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    given = [line[1:] for line in allowed if line.startswith("!")]
    copied = [rest.split()[:-1] for name, rest in ALL if name == "COPY" and "--from" not in rest]

    assert ignored == "*"
    for source in (source for sources in copied for source in sources):
        assert (ROOT / source).exists()
        assert any(source == each or source.startswith(f"{each}/") for each in given), source
    assert not any(fnmatch.fnmatch(name, each) for name in (".git", ".venv", "tests") for each in given)


@pytest.fixture
def answering(tmp_path):
    """Return a function that begins to give one answer at a Unix socket, and returns its path."""
    threads = []

    def answer(said):
        path = tmp_path / "s.sock"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(path))
        server.listen(1)

        def serve():
            with server, server.accept()[0] as connection:
                connection.recv(4_096)
                connection.sendall(said)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return path

    yield answer
    for thread in threads:
        thread.join(30)


def health(path):
    return subprocess.run(
        [sys.executable, "-I", HEALTH], env={"STRONGROOM_SOCKET": str(path)}, check=False, timeout=60
    ).returncode


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n 200 ", 1),
        (b"", 1),
    ],
    ids=["ready", "not ready", "cut off"],
)
def test_health_is_what_the_service_says_of_itself(answering, said, code):
    assert health(answering(said)) == code


def test_a_service_that_is_not_there_is_not_healthy(tmp_path):
    assert health(tmp_path / "nothing.sock") == 1
