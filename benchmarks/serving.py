"""What our routes cost over HTTP against a bare route of the same server, and what each layer around them costs.

    PYTHONPATH=. .venv/bin/python benchmarks/serving.py [--rounds 5] [--seconds 1.5] [--json]

Over loopback, kept alive: a constant answer of Starlette without any layer of ours, on the same uvicorn with the same
configuration, is 1.0; `/livez`, a session read and written and a secret's value, by turns in each round; the real
`strongroom serve`, as it comes, its log in a file. The load comes from a process of its own that does nothing but
write prepared bytes and look for the end of the answer; it is not the bottleneck as long as its share of a processor
is well below 1. Beside the rate stands how long the server's process had a processor for each answer: a busy machine
changes that less. Then, in one process and without a socket: a session read through one layer more each time.
Target: reading a session is at least half as fast as the bare route.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.serving_layers import costs_of_layers
from benchmarks.serving_load import SESSIONS, Asked, Run, load
from tests.support.ports import free_port
from tests.support.served import a_served_home

TARGET = 0.5
_CONNECTIONS = (1, 16)
_PATIENCE_S = 30
_BARE = "import sys; from benchmarks.serving_layers import serve_bare; serve_bare(sys.argv[1], int(sys.argv[2]))"


@dataclass(frozen=True)
class Contender:
    """A route, the process that serves it, and how it is asked."""

    name: str
    port: int
    pid: int
    asked: Asked


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=1.5)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        found = {"loopback": _over_loopback(place, given), "layers_us": costs_of_layers(place / "layers", given.rounds)}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for connections, rows in found["loopback"].items():
        _print_routes(connections, rows)
    print(f"\n{'a session read in the process':34}{'us':>8}{'':4}min to max of the rounds")
    for name, (median, least, most) in found["layers_us"].items():
        print(f"{name:34}{median:>8.1f}{'':4}{least:.1f} to {most:.1f}")


def _print_routes(connections: int, rows: dict[str, dict]) -> None:
    print(f"\n{connections} connection(s); ratios to the bare route, with min and max of the rounds")
    print(
        f"{'':20}{'answers/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'ratio':>7}{'':14}{'CPU us':>13}{'ratio':>7}{'':13}client"
    )
    for name, row in rows.items():
        print(
            f"{name:20}{row['rate']:>9,.0f}{row['p50_ms']:>8.2f}{row['p99_ms']:>8.2f}{_ratio(row['ratio'])}"
            f"{row['processor_us']:>13.0f}{_ratio(row['processor_ratio'])}{row['busy']:>6.2f}"
        )
    ratio = rows["GET session"]["ratio"][0]
    print(f"target {TARGET} for a session read: {'kept' if ratio >= TARGET else 'MISSED'}")


def _ratio(spread: tuple[float, float, float]) -> str:
    median, least, most = spread
    return f"{median:>7.2f} {f'({least:.2f}-{most:.2f})':13}"


def _over_loopback(place: Path, given) -> dict[int, dict[str, dict]]:
    with (
        ProcessPoolExecutor(1) as elsewhere,
        _bare_server(place / "bare") as bare,
        a_served_home(_made(place / "ours"), rate_limit=100_000_000) as home,
    ):
        _fill(home)
        contenders = _contenders(bare, home)
        found = {}
        for connections in _CONNECTIONS:
            runs: dict[str, list[tuple[Run, float]]] = {each.name: [] for each in contenders}
            for number in range(given.rounds + 1):
                for each in contenders:
                    run = _measured(elsewhere, each, connections, given.seconds)
                    if number:  # the first round warms up: caches, the log of the database, metrics
                        runs[each.name].append(run)
            found[connections] = {name: _summary(each, runs["bare route"]) for name, each in runs.items()}
        return found


def _measured(elsewhere: ProcessPoolExecutor, asked: Contender, connections: int, seconds: float) -> tuple[Run, float]:
    """Return what the load client saw, and the microseconds of a processor that the server took for an answer."""
    before = _processor_s(asked.pid)
    run = elsewhere.submit(load, asked.port, asked.asked, connections, seconds).result()
    return run, (_processor_s(asked.pid) - before) / run.answers * 1e6


def _processor_s(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _summary(runs: list[tuple[Run, float]], bare: list[tuple[Run, float]]) -> dict[str, object]:
    pairs = list(zip(runs, bare, strict=True))
    return {
        **{name: _spread([getattr(run, name) for run, _ in runs])[0] for name in ("rate", "p50_ms", "p99_ms", "busy")},
        "ratio": _spread([run.rate / base.rate for (run, _), (base, _) in pairs]),
        "processor_us": _spread([took for _, took in runs])[0],
        "processor_ratio": _spread([took / base for (_, took), (_, base) in pairs]),
    }


def _spread(values: list[float]) -> tuple[float, float, float]:
    return round(statistics.median(values), 3), round(min(values), 3), round(max(values), 3)


def _contenders(bare: tuple[int, int], home) -> list[Contender]:
    session = "/sessions/forgejo:reviewer:acme/api:{}"
    asked = {
        "GET /livez": Asked("GET", "/livez"),
        "GET session": Asked("GET", session, home.token),
        "PUT session": Asked("PUT", session, home.token, '{"session_id":"{}"}'),
        "GET secret's value": Asked("GET", "/secrets/agent_token:reviewer/value", home.token),
    }
    return [
        Contender("bare route", *bare, Asked("GET", "/bare")),
        *(Contender(name, home.port, home.process.pid, each) for name, each in asked.items()),
    ]


def _fill(home) -> None:
    with httpx2.Client(base_url=home.url, headers={"Authorization": f"Bearer {home.token}"}) as client:
        client.put("/secrets/agent_token:reviewer", json={"value": "x" * 40}).raise_for_status()
        sessions = [
            {"key": f"forgejo:reviewer:acme/api:{number}", "session_id": "0" * 20, "last_used_at": 1_790_000_000_000}
            for number in range(SESSIONS)
        ]
        merged = {"sessions": [{**each, "created_at": each["last_used_at"]} for each in sessions]}
        client.post("/sessions/merge", json=merged).raise_for_status()


@contextmanager
def _bare_server(home: Path):
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", _BARE, str(home), str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


if __name__ == "__main__":
    main()
