"""What a backup of a database of 1 GB costs a writer in another process, against other ways to copy a database.

    .venv/bin/python benchmarks/backups.py [--megabytes 1000] [--rounds 5] [--place /tmp]

All ways are taken by turns, each until its copy is on the disk, while one process makes durable session writes flat
out. Prints MB a second, and how long the writer's slowest write took, and that of which one in a thousand is slower.
The disk has stalls of its own, above all where others use it: they are in the line "no backup".
Promise: nobody waits for more than 50 ms because of `BackupStore.create`. Takes `megabytes` twice on the disk.
"""

# ruff: noqa: SLF001 - copy and check are timed apart

import argparse
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import insert

from adapters.sql.backup_store import SqliteBackupStore
from adapters.sql.legacy_archive import CHUNK_BYTES
from adapters.sql.sealing import context
from adapters.sql.tables import secret, secret_version
from app.boot import open_service
from app.setting_sources import load_settings
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root

TARGET_MS = 50.0
_MB = 1_000_000
_VERSIONS = 20
_SECRETS_PER_MB = 10
_CUT_OFF_S = 15.0
_REST_S = 2.0
_IDLE_S = 5.0
_WARM_S = 3.0
_SESSIONS = 1_000
_WRITER = "import sys; from benchmarks.backups import write_flat_out; write_flat_out(sys.argv[1], sys.argv[2])"

Phase = tuple[str, float, float]
"""What went on from one instant to another, in seconds of the monotonic clock, which all processes share."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=1_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--place", type=Path, default=None)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=given.place) as directory:
        home, copy = Path(directory) / "home", Path(directory) / "copy.db"
        home.mkdir()
        container = open_service(_settings(home))
        _fill(container, given.megabytes)
        database = container.settings().sqlite_path
        megabytes = database.stat().st_size / _MB
        with _writing(home, Path(directory) / "writes") as writes:
            phases = _measured(container, database, copy, given.rounds)
        container.database().close()
        _report(phases, writes, megabytes)


def _measured(container, database: Path, copy: Path, rounds: int) -> list[list[Phase]]:
    store, connect = container.unaudited_backups(), container.database().driver.connect
    ways: list[Callable[[], list[Phase]]] = [
        lambda: [_timed("no backup", lambda: time.sleep(_IDLE_S))],
        lambda: _ours(store),
        lambda: [_timed("Connection.backup(pages=-1)", lambda: _at_once(connect, database, copy))],
        lambda: [_timed("VACUUM INTO", lambda: _vacuum_into(connect, database, copy))],
        lambda: [_timed("sqlite3 .backup", lambda: _command(database, copy))],
    ]
    found = []
    for _ in range(rounds):
        for way in ways:
            found.append(way())
            copy.unlink(missing_ok=True)
            for backup in store.list():
                store.remove(backup.file)
            os.sync()
            time.sleep(_REST_S)
    return found


def _timed(name: str, work: Callable[[], object]) -> Phase:
    began = time.monotonic()
    finished = work()
    return name if finished is not False else f"{name} (cut off)", began, time.monotonic()


def _ours(store: SqliteBackupStore) -> list[Phase]:
    copied = []
    copy_to = store._copy_to
    store._copy_to = lambda partial: (copy_to(partial), copied.append(time.monotonic()))
    try:
        whole, began, ended = _timed("BackupStore.create", store.create)
    finally:
        store._copy_to = copy_to
    return [("… its copy", began, copied[0]), ("… its check", copied[0], ended), (whole, began, ended)]


def _at_once(connect, database: Path, copy: Path) -> None:
    with closing(connect(database)) as source, closing(connect(copy)) as target:
        source.backup(target, pages=-1)
    _to_disk(copy)


def _vacuum_into(connect, database: Path, copy: Path) -> None:
    with closing(connect(database, isolation_level=None)) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    _to_disk(copy)


def _command(database: Path, copy: Path) -> bool:
    """100 pages at a time, without holding a snapshot: each commit of the writer makes it begin anew."""
    try:
        subprocess.run(["sqlite3", database, f".backup '{copy}'"], check=True, timeout=_CUT_OFF_S)
    except subprocess.TimeoutExpired:
        return False
    _to_disk(copy)
    return True


def _to_disk(copy: Path) -> None:
    with copy.open("rb") as file:
        os.fsync(file.fileno())


@dataclass(slots=True)
class _Stalls:
    """What the writer felt of one kind of phase: of each round the slowest write and the 99.9th percentile, in ms."""

    took_s: list[float] = field(default_factory=list)
    writes_s: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    permille: list[float] = field(default_factory=list)

    def add(self, writes: list[tuple[float, float]], began: float, ended: float) -> None:
        felt = sorted(1_000 * took for start, took in writes if start < ended and start + took > began)
        self.took_s.append(ended - began)
        self.writes_s.append(len(felt) / (ended - began))
        self.longest.append(felt[-1])
        self.permille.append(felt[len(felt) * 999 // 1_000])


def _report(phases: list[list[Phase]], writes: list[tuple[float, float]], megabytes: float) -> None:
    stalls: dict[str, _Stalls] = {}
    for name, began, ended in (phase for each in phases for phase in each):
        stalls.setdefault(name, _Stalls()).add(writes, began, ended)
    print(f"{megabytes:,.0f} MB; medians of the rounds, but of the writes the least, the median and the worst")
    print(f"{'':30}{'MB/s':>6}{'s':>6}{'writes/s':>10}{'longest, ms':>24}{'99.9 %, ms':>24}")
    for name, felt in stalls.items():
        rate = "" if name == "no backup" or "cut off" in name else f"{megabytes / statistics.median(felt.took_s):,.0f}"
        columns = "".join(
            f"{min(each):8.1f}{statistics.median(each):8.1f}{max(each):8.1f}" for each in (felt.longest, felt.permille)
        )
        took, writes_s = statistics.median(felt.took_s), statistics.median(felt.writes_s)
        print(f"{name:30}{rate:>6}{took:6.1f}{writes_s:10,.0f}{columns}")
    ours, alone = (statistics.median(stalls[name].longest) for name in ("BackupStore.create", "no backup"))
    kept = "kept" if ours <= TARGET_MS else "MISSED"
    print(f"promise {TARGET_MS:.0f} ms: {kept}, {ours:.1f} ms; without a backup {alone:.1f} ms")


@contextmanager
def _writing(home: Path, log: Path) -> Iterator[list[tuple[float, float]]]:
    """Have another process write for a `with` block; behind it the list holds start and length of each write."""
    writes: list[tuple[float, float]] = []
    command = [sys.executable, "-c", _WRITER, str(home), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            time.sleep(_WARM_S)
            yield writes
        finally:
            process.communicate()
    numbers = array("d", log.read_bytes())
    writes += zip(numbers[::2], numbers[1::2], strict=True)


def write_flat_out(home: str, log: str) -> None:
    """Write one session after another until standard input ends, then say in `log` when each began and what it took."""
    container = open_service(_settings(Path(home)))
    sessions = container.sessions()
    took = array("d")
    os.set_blocking(sys.stdin.fileno(), False)
    for number in count():
        began = time.monotonic()
        sessions.set(f"forgejo:agent:owner/repo:{number % _SESSIONS + 1}", f"session-{number}")
        took.extend((began, time.monotonic() - began))
        if number % 100 == 0 and _has_ended():
            break
    Path(log).write_bytes(took.tobytes())
    container.database().close()


def _has_ended() -> bool:
    try:
        return os.read(sys.stdin.fileno(), 1) == b""
    except BlockingIOError:
        return False


def _settings(home: Path):
    return load_settings({"HOME": str(home)})


def _fill(container, megabytes: int) -> None:
    """Archived files in full chunks, as after a migration, and secrets of many versions."""
    database, cipher, now = container.database(), container.cipher(), container.clock().now()
    heads, versions = [], []
    for number in range(megabytes * _SECRETS_PER_MB):
        row_id, stamps = secrets.token_hex(16), {"created_at": now}
        name = f"agent_token:agent-{number:06d}"
        heads.append({"id": row_id, "name": name, "version": _VERSIONS, "updated_at": now, **stamps})
        heads[-1] |= {"deleted_at": None, "expires_at": None}
        for version in range(1, _VERSIONS + 1):
            sealed = cipher.seal(secrets.token_bytes(40), context(secret_version.c.sealed, row_id, version, "a secret"))
            place = {"secret_id": row_id, "version": version, "destroyed_at": None}
            versions.append({**place, "key_id": sealed.key_id, "sealed": sealed.blob, **stamps})
    with database.transaction() as transaction:
        for table, rows in ((secret, heads), (secret_version, versions)):
            statement = database.prepare(insert(table))
            transaction.run_many(statement, map(statement.bind, rows))
    for number in count():
        if database.path.stat().st_size >= megabytes * _MB:
            return
        container.archive().keep(_an_old_file(number))
        with database.borrowed() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _an_old_file(number: int) -> LegacyFile:
    content = secrets.token_bytes(5 * CHUNK_BYTES)
    seen = Fingerprint(device=0, inode=0, size=len(content), mtime_ns=0, sha256=secrets.token_bytes(32))
    return LegacyFile(
        ref=LegacyRef(Root.STATE, f"old-{number}"), content=content, mode=0o600, links=1, fingerprint=seen
    )


if __name__ == "__main__":
    main()
