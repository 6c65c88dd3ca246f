"""What token mounts cost: a write of a token without and with open mounts, and a pass of the loop.

    PYTHONPATH=. .venv/bin/python benchmarks/mounts.py [--mounts 10] [--rounds 300]

Prints ratios to the same write through the store alone, all measured in turns in one run. As root, or with /dev/shm.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from app import open_state
from domain.mounts import Owner
from domain.values import PENPOT_TOKEN
from tests.support.memory_directory import memory_directory

ME = Owner(0, 0)
WITHOUT_TARGET = 1.05
VISIBLE_TARGET_MS = 1_000.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mounts", type=int, default=10)
    arguments.add_argument("--rounds", type=int, default=300)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home, memory_directory() as runtime:
        places = {"state_dir": Path(home) / "state", "config_dir": Path(home) / "config", "runtime_dir": runtime}
        with open_state(**places) as state:
            measure(state.container, given.mounts, given.rounds)


def measure(container, mounts: int, rounds: int) -> None:
    alone, delivered = container.unaudited_secrets(), container.library_secrets()
    for number in range(mounts):
        alone.set(f"agent_token:agent-{number}", "tok")
    alone.set("agent_token:other", "tok")
    writes = {"the store alone": (alone, "agent_token:other"), "no mount is open": (delivered, "agent_token:other")}
    report(in_turns(writes, rounds), "the store alone")
    directories = [container.open_mount()(f"agent-{number}", ME).directory for number in range(mounts)]
    writes = {
        "the store alone": (alone, "agent_token:other"),
        f"{mounts} are open, of others": (delivered, "agent_token:other"),
        "its own is open": (delivered, "agent_token:agent-0"),
        f"all {mounts} are of it": (delivered, PENPOT_TOKEN),
    }
    report(in_turns(writes, rounds), "the store alone")
    reconcile = container.reconcile_mounts()
    print(f"a pass of the loop over {mounts} mounts, nothing to do: {1_000 * median(reconcile, rounds):.2f} ms")
    visible(delivered, Path(directories[0]) / "tokens" / "agent-0", rounds)


def in_turns(writes, rounds: int) -> dict[str, float]:
    """Take each in turn, so that a noisy moment meets all of them; returns the median of each, in seconds."""
    took = {name: [] for name in writes}
    for number in range(rounds):
        for name, (store, secret) in writes.items():
            began = time.perf_counter()
            store.set(secret, f"tok-{number}")
            took[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in took.items()}


def report(took: dict[str, float], base: str) -> None:
    for name, seconds in took.items():
        print(f"a write, {name}: {1_000_000 * seconds:.0f} us, {seconds / took[base]:.2f} x")


def median(act, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def visible(store, file: Path, rounds: int) -> None:
    """Say how long it takes from the call that rotates until the file has the new token, which is before it returns."""
    late = 0
    for number in range(rounds):
        store.set("agent_token:agent-0", f"new-{number}")
        late += file.read_text() != f"new-{number}"
    print(f"rotations that were not in the mount when they returned: {late} of {rounds}")


if __name__ == "__main__":
    main()
