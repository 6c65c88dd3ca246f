"""A Docker Engine on a socket of its own, with a containerd of its own, and all their files in one directory.

The programs are those of Debian's `docker.io`, `containerd` and `tini`, unpacked in `DOCKER_ENGINE_DIR` and not
installed, or else those on the path.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.containers.engine import IMAGE, Engine
from tests.support.containers.processes import children, eventually, kill, wait_until_gone
from tests.support.containers.remains import an_engine_directory, remove_if_empty
from tests.support.containers.rootfs import Rootfs

_UNPACKED = "DOCKER_ENGINE_DIR"
_PROGRAMS = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2")
_PING = b"GET /_ping HTTP/1.0\r\n\r\n"
_STOPS_WITHIN_S = 30
# What the daemons make at fixed places, empty once they are gone. It stays where it is the machine's own.
_FIXED_PLACES = (
    *("/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker"),
    *("/opt/containerd/bin", "/opt/containerd/lib", "/opt/containerd"),
)


@dataclass(frozen=True)
class DockerEngine(Engine):
    """The engine and its daemon, which tests may kill and begin again."""

    _daemon: list[subprocess.Popen] = field(default_factory=list)

    @property
    def daemon_pid(self) -> int:
        return self._daemon[-1].pid

    @property
    def is_up(self) -> bool:
        """Tell whether the daemon runs and answers."""
        return bool(self._daemon) and self._daemon[-1].poll() is None and self._answers()

    @property
    def containerd_pid(self) -> int:
        """The daemon's containerd, which watches the shims for it."""
        return children(self.daemon_pid)[0]

    @property
    def log(self) -> str:
        """What the daemon and containerd said so far."""
        return (self.directory / "log").read_text(errors="replace")

    def begin(self) -> None:
        """Start the daemon, and come back when it answers; `ChildProcessError` says why it did not."""
        # What a killed daemon leaves makes the next one take it, or a zombie of containerd, for alive.
        for left in ("pid", "exec/containerd/containerd.pid"):
            (self.directory / left).unlink(missing_ok=True)
        # Should the tests themselves be killed, it is told to end, and takes its containers with it.
        argv = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file", str(self.directory / "daemon.json")]
        with (self.directory / "log").open("ab") as log:
            self._daemon.append(subprocess.Popen(argv, env=self.environ, stdout=log, stderr=log))
        eventually(lambda: self._daemon[-1].poll() is not None or self._answers(), "the daemon answers")
        if self._daemon[-1].poll() is not None:
            raise ChildProcessError(self.log.strip().splitlines()[-1])

    def kill_daemon(self) -> None:
        """Kill the daemon and its containerd; shims and containers run on."""
        containerd = self.containerd_pid
        self._daemon[-1].kill()
        self._daemon[-1].wait()
        kill(containerd)
        wait_until_gone(containerd)

    def end(self) -> None:
        """Have the daemon end in order, and its containers with it."""
        for daemon in self._daemon[-1:]:
            daemon.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(_STOPS_WITHIN_S)
            daemon.kill()
            daemon.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.settimeout(1)
            client.connect(str(self.directory / "docker.sock"))
            client.sendall(_PING)
            return b" 200 " in client.recv(64)
        return False


@contextmanager
def a_docker_engine(rootfs: Rootfs) -> Iterator[DockerEngine]:
    """Give a running engine with the image in its storage. Afterwards nothing of it is left, whatever was killed."""
    daemons = []
    try:
        with an_engine_directory() as directory:
            engine = DockerEngine(directory, _program("docker"), _environ(directory), "{{json .}}", _daemon=daemons)
            _configure(directory)
            engine.begin()
            engine.call("import", str(rootfs.tar), IMAGE)
            yield engine
    finally:
        for daemon in daemons:
            daemon.wait()
        if shutil.which("dockerd") is None and shutil.which("containerd") is None:
            remove_if_empty(*_FIXED_PLACES)


def why_no_docker_engine() -> str | None:
    """Say what is missing."""
    if os.geteuid() != 0:
        return "needs root: run the tests as root for a Docker Engine"
    if shutil.which("runc") is None:
        return "needs runc: apt-get install runc"
    if [name for name in _PROGRAMS if _program(name) is None]:
        return f"needs a Docker Engine: as .ci/run does, unpack docker.io, containerd and tini, and set {_UNPACKED}"
    return None


def _program(name: str) -> str | None:
    return shutil.which(name, path=_path())


def _path() -> str:
    """Return where programs are, those of the engine first."""
    unpacked = os.environ.get(_UNPACKED)
    own = [f"{unpacked}/usr/bin", f"{unpacked}/usr/sbin"] if unpacked else []
    return os.pathsep.join([*own, os.environ["PATH"]])


def _environ(directory: Path) -> Mapping[str, str]:
    return {
        "PATH": _path(),
        "HOME": str(directory),
        "DOCKER_HOST": f"unix://{directory}/docker.sock",
        "DOCKER_CONFIG": str(directory / "client"),
    }


def _configure(directory: Path) -> None:
    settings = {
        "hosts": [f"unix://{directory}/docker.sock"],
        "data-root": str(directory / "data"),
        "exec-root": str(directory / "exec"),
        "pidfile": str(directory / "pid"),
        "deprecated-key-path": str(directory / "key.json"),
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
    }
    (directory / "daemon.json").write_text(json.dumps(settings))
