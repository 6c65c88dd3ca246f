"""The command line that Podman and Docker have in common, and a container of either."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.containers.lines import PATIENCE_S, Lines
from tests.support.containers.processes import eventually, is_alive

IMAGE = "localhost/laboratory:latest"
_EVENTS_BEGIN_S = "1h"


@dataclass(frozen=True)
class Engine:
    """An engine with all it has in `directory`, whose name is the mark of everything that it starts.

    `environ` is all that its command line `program` needs to find it, so that a recipe may be run as it is
    printed. The image `IMAGE` is there. `flags` are what a container is given more: those of its mounts,
    `["--user", "1000:1000"]`, `["--cap-drop", "ALL"]`, and the like. `at_once` makes `rm` wait for nobody.
    """

    directory: Path
    program: str
    environ: Mapping[str, str]
    event_format: str
    at_once: Sequence[str] = ()

    def call(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine; raises `AssertionError` with what it said if it fails."""
        argv = [self.program, *arguments]
        done = subprocess.run(argv, env=self.environ, capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"
        return done

    def run(self, flags: Sequence[str], *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container to its end, whatever its exit code."""
        return self.call("run", "--rm", *self._always, *flags, IMAGE, *command, check=False)

    def start(self, flags: Sequence[str], *command: str) -> "Container":
        """Start a command in a container, and leave it running."""
        return Container(self, self.call("run", "--detach", *self._always, *flags, IMAGE, *command).stdout.strip())

    def containers(self) -> list[str]:
        """Return the id of every container, running or not."""
        return self.call("ps", "--all", "--quiet", "--no-trunc").stdout.split()

    def clear(self) -> None:
        """Remove every container. Whose processes were killed behind Podman's back, it removes at the second try."""
        eventually(lambda: not (there := self.containers()) or self._remove(*there), "every container is removed")

    @contextmanager
    def events(self) -> Iterator[Lines]:
        """Give the engine's events from the last hour on, a JSON object a line."""
        argv = [self.program, "events", "--since", _EVENTS_BEGIN_S, "--format", self.event_format]
        with subprocess.Popen(argv, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                yield Lines(process.stdout)
            finally:
                process.kill()

    def _remove(self, *ids: str) -> bool:
        return self.call("rm", "--force", "--volumes", *self.at_once, *ids, check=False).returncode == 0

    @property
    def _always(self) -> list[str]:
        return ["--network", "none", "--cgroup-parent", f"/{self.directory.name}"]


@dataclass(frozen=True)
class Container:
    """A container of an engine, which need not be running any more."""

    engine: Engine
    id: str

    def inspect(self) -> dict[str, Any]:
        """Return what the engine says of it, be it true or not."""
        return json.loads(self.engine.call("inspect", "--type", "container", self.id).stdout)[0]

    @property
    def pid(self) -> int:
        """Its first process as the host sees it, by the engine's word; 0 if none."""
        return self.inspect()["State"]["Pid"]

    @property
    def conmon_pid(self) -> int:
        """The process that watches it for Podman."""
        return self.inspect()["State"]["ConmonPid"]

    def execute(self, *command: str, user: str = "0") -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, whatever its exit code."""
        return self.engine.call("exec", "--user", user, self.id, *command, check=False)

    def kill(self, signal: str = "KILL") -> None:
        self.engine.call("kill", "--signal", signal, self.id)

    def logs(self) -> str:
        """Return what it printed so far, its errors behind."""
        done = self.engine.call("logs", self.id)
        return done.stdout + done.stderr

    def commit(self, image: str) -> str:
        """Make an image of it; returns its id."""
        return self.engine.call("commit", self.id, image).stdout.split()[-1]

    def export(self, file: Path) -> None:
        """Write its files to an archive."""
        self.engine.call("export", "--output", str(file), self.id)

    def remove(self) -> None:
        self.engine.call("rm", "--force", "--volumes", *self.engine.at_once, self.id)

    def wait_for_another_process(self, than: int) -> int:
        """Wait until it runs again, as another process; returns which."""
        return eventually(lambda: self._other(than), f"{self.id} runs again", PATIENCE_S)

    def _other(self, than: int) -> int:
        pid = self.pid
        return pid if pid not in {0, than} and is_alive(pid) else 0
