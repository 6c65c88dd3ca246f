"""How long `doctor --deep` takes on a database of 100,000 secrets, and how much memory.

    .venv/bin/python benchmarks/doctor.py [--secrets 100000] [--backups 1]

Prints what each part took and the peak memory of the process. The target is 20 s at 100,000 secrets.
"""

import argparse
import resource
import secrets
import tempfile
import time
from uuid import uuid4

from sqlalchemy import insert

from adapters.sql.sealing import context
from adapters.sql.tables import secret, secret_version
from adapters.system import Silence
from app.boot import examine, open_service
from app.setting_sources import load_settings
from domain.ports import Progress

TARGET_S = 20.0
_MIB = 1_024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--secrets", type=int, default=100_000)
    arguments.add_argument("--backups", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        settings = load_settings({"HOME": directory})
        _fill(settings, given.secrets, given.backups)
        size = sum(path.stat().st_size for path in settings.state_dir.rglob("*") if path.is_file())
        stages = Stages()
        began, busy = time.perf_counter(), time.process_time()
        checks = examine(settings, stages, deep=True)
        took, busy = time.perf_counter() - began, time.process_time() - busy
    for check in checks[-2:]:
        print(f"{check.status:5} {check.name}: {check.detail}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB
    print(f"{given.secrets:,} secrets, {size / _MIB / _MIB:.0f} MiB of files, peak memory {peak} MiB")
    print(f"{took:.1f} s, {busy:.1f} s of them of a processor")
    for stage, seconds in stages.took.items():
        print(f"  {stage}: {seconds:.1f} s between its first and its last report")
    print(f"target {TARGET_S:.0f} s: {'kept' if took < TARGET_S else 'MISSED'}, {took / TARGET_S:.2f} of it")


class Stages(Silence, Progress):
    """Notes how long each stage reported."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._began: dict[str, float] = {}

    def report(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002 - only the time counts
        now = time.perf_counter()
        self.took[stage] = now - self._began.setdefault(stage, now)


def _fill(settings, count: int, backups: int) -> None:
    """Insert many secrets in one transaction: the stores would sync the disk for each."""
    container = open_service(settings)
    database, cipher, now = container.database(), container.cipher(), container.clock().now()
    heads, versions = [], []
    for number in range(count):
        row_id, value = str(uuid4()), f"tok_{secrets.token_urlsafe(30)}"
        sealed = cipher.seal(value.encode(), context(secret_version.c.sealed, row_id, 1, "a secret"))
        name = f"agent_token:agent-{number:06d}"
        stamps = {"version": 1, "created_at": now}
        heads.append({"id": row_id, "name": name, "updated_at": now, "deleted_at": None, "expires_at": None, **stamps})
        sealing = {"secret_id": row_id, "key_id": sealed.key_id, "sealed": sealed.blob, "destroyed_at": None}
        versions.append({**sealing, **stamps})
    with database.transaction() as transaction:
        for table, rows in ((secret, heads), (secret_version, versions)):
            statement = database.prepare(insert(table))
            transaction.run_many(statement, map(statement.bind, rows))
    for _ in range(backups):
        container.unaudited_backups().create()
    database.close()


if __name__ == "__main__":
    main()
