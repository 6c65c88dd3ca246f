"""How long a large `sessions.json` takes to move in, and how much memory.

    .venv/bin/python benchmarks/migration.py [--sessions 1000000]

Prints what each stage took, the peak memory of the process, and as a ratio what a plain
`json.loads` and an `executemany` into the same table take for the same file on the same machine.
Targets for a million: under 20 s, peak under 1.5 GiB.
"""

import argparse
import json
import random
import resource
import sqlite3
import tempfile
import time
import uuid
from pathlib import Path

from app.boot import migrate, open_service
from app.setting_sources import load_settings
from domain.ports import Progress

TARGET_S, TARGET_MIB = 20.0, 1_536
_EARLIEST = 1_790_000_000_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sessions", type=int, default=1_000_000)
    count = arguments.parse_args().sessions
    with tempfile.TemporaryDirectory() as directory:
        settings = load_settings({"HOME": directory})
        settings.state_dir.mkdir(parents=True)
        file = settings.state_dir / "sessions.json"
        file.write_text(json.dumps(_sessions(count)))
        content = file.read_bytes()
        stages = Stages()
        began = time.perf_counter()
        container = open_service(settings, stages)
        report = migrate(container)
        container.database().close()
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
        raw = _by_hand(content, Path(directory) / "raw.db")
    (source,) = report.sources
    print(f"{source.records:,} sessions {source.outcome}, {len(content) / 2**20:.0f} MiB, peak memory {peak:,} MiB")
    for stage, seconds in stages.took.items():
        print(f"  {stage}: {seconds:.1f} s")
    print(f"{took:.1f} s: {took / raw:.1f} x json.loads and executemany alone ({raw:.1f} s)")
    kept = took < TARGET_S and peak < TARGET_MIB
    print(f"target {TARGET_S:.0f} s and {TARGET_MIB:,} MiB: {'kept' if kept else 'MISSED'}")


def _sessions(count: int) -> dict[str, dict[str, object]]:
    numbers = random.Random(1)  # the same file each time
    forges = ("forgejo", "github", "gitlab")
    return {
        f"{forges[i % 3]}:agent{i % 200}:org{i % 500}/repo{i % 3_000}:{i}": {
            "id": str(uuid.UUID(int=numbers.getrandbits(128), version=4)),
            "last_used_at": _EARLIEST + i,
        }
        for i in range(count)
    }


def _by_hand(content: bytes, path: Path) -> float:
    """Read and store, and nothing else: no check of a key, no reading back, no archive, no backup."""
    began = time.perf_counter()
    rows = ((key, r["id"], r["last_used_at"], r["last_used_at"]) for key, r in sorted(json.loads(content).items()))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE s (key TEXT PRIMARY KEY, session_id TEXT NOT NULL, last_used_at INTEGER NOT NULL,"
        " created_at INTEGER NOT NULL) WITHOUT ROWID; CREATE INDEX i ON s (last_used_at)"
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    connection.close()
    return time.perf_counter() - began


class Stages(Progress):
    """Notes how long each stage took, from its first report to the first of the next."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._stage, self._began = "opening", time.perf_counter()

    def report(self, stage: str, done: int, total: int) -> None:
        del done, total
        if stage != self._stage:
            now = time.perf_counter()
            self.took[self._stage] = self.took.get(self._stage, 0.0) + now - self._began
            self._stage, self._began = stage, now

    def note(self, message: str) -> None:
        print(message)


if __name__ == "__main__":
    main()
