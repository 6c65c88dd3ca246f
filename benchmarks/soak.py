"""The real service under a steady load for minutes, killed at random moments: what it lost, and what it grew to.

    PYTHONPATH=. .venv/bin/python benchmarks/soak.py [--seconds 600] [--kill-every 20] [--seed 1] [--place /tmp]

Clients over TCP and the Unix socket write and read, each its own sessions, secrets and agent tokens; the service
is killed (SIGKILL) and started again; whatever was acknowledged must be there. In the last quarter nobody is
killed, to see whether memory, files and threads stay as they are. Exit code 1, and what was lost, if anything was;
then the directory stays, with the log of the service in it.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from tests.support.soak import rising, soak

_MIB = 1_024


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--kill-every", type=float, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--clients", type=int, default=6)
    arguments.add_argument("--place", type=Path, default=None)
    given = arguments.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="soak-", dir=given.place))
    soaked = soak(directory, seconds=given.seconds, kill_every=given.kill_every, seed=given.seed, clients=given.clients)
    _tell(soaked, given)
    for each in soaked.lost:
        print(f"LOST: {each}")
    if soaked.lost:
        print(f"what there is to look at is in {directory}")
        return 1
    rmtree(directory)
    print("nothing was lost")
    return 0


def _tell(soaked, given) -> None:
    kills, starts = len(soaked.lives) - 1, [life.start_s for life in soaked.lives]
    print(f"{given.seconds:.0f} s, {given.clients} clients, seed {given.seed}")
    print(f"killed {kills} times while it served, {soaked.killed_at_start} more while it started")
    print(f"ready after {statistics.median(starts):.2f} s (the longest start: {max(starts):.2f} s)")
    answered, unanswered = soaked.done.total(), soaked.unanswered.total()
    print(f"{answered:,} requests answered, {unanswered:,} cut off; {soaked.events:,} audit events")
    for act, count in sorted(soaked.done.items()):
        print(f"  {act:20}{count:>10,}{soaked.unanswered[act]:>8,} cut off")
    print(f"{soaked.log_lines:,} lines of log")
    print(f"{'life':>5}{'s':>6}{'RSS first':>11}{'last':>7}{'peak MiB':>10}{'MiB/min':>9}{'files':>9}{'threads':>9}")
    for life in sorted(soaked.lives, key=lambda life: len(life.samples))[-5:]:
        if len(life.samples) > 4:
            _tell_of(life)


def _tell_of(life) -> None:
    settled = life.samples[len(life.samples) // 2 :]
    memory = [sample.rss_kib / _MIB for sample in life.samples]
    files = _range(sample.files for sample in settled)
    threads = _range(sample.threads for sample in settled)
    print(
        f"{life.number:>5}{life.samples[-1].at:>6.0f}{memory[0]:>11.1f}{memory[-1]:>7.1f}{max(memory):>10.1f}"
        f"{rising(settled):>9.2f}{files:>9}{threads:>9}"
    )


def _range(counts) -> str:
    seen = sorted(set(counts))
    return str(seen[0]) if len(seen) == 1 else f"{seen[0]}-{seen[-1]}"


if __name__ == "__main__":
    sys.exit(main())
