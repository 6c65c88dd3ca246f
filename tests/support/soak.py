"""The service under a steady load, killed at random moments: whether it keeps all that it acknowledged."""

import random
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.served import ServedHome
from tests.support.soak_client import CANARY, Client
from tests.support.soak_line import Line
from tests.support.soak_lives import Life, Lives
from tests.support.soak_places import Lost

_AUDITED = ("secret.read", "secret.write", "secret.rollback", "api_token.create")
_LOOKED_EVERY_S = 0.1
_API_TOKEN = "srt_"


@dataclass
class Soaked:
    """What came of it. `lost` is empty, or says what was lost and by whom."""

    lost: list[str] = field(default_factory=list)
    done: Counter = field(default_factory=Counter)
    unanswered: Counter = field(default_factory=Counter)
    lives: list[Life] = field(default_factory=list)
    killed_at_start: int = 0
    log_lines: int = 0
    events: int = 0


def soak(directory, *, seconds, kill_every, seed=1, clients=6, **settings):
    """Run it for `seconds`; in their last quarter nobody is killed before their end, so that its figures can settle.

    Every second client comes over the Unix socket, the others over TCP, each with a token of its own.
    """
    numbers, is_over = random.Random(seed), threading.Event()
    home = ServedHome(directory, settings)
    tokens = [home.new_token("admin") if number % 2 else None for number in range(clients)]
    lives = Lives(home, numbers)
    crowd = [
        Client(f"c{number}", Line(lives, token), random.Random(f"{seed} {number}"), is_over)
        for number, token in enumerate(tokens)
    ]
    lives.begin()
    try:
        _under_load(lives, crowd, is_over, _moments(numbers, seconds, kill_every))
        return _judge(lives, crowd)
    finally:
        home.kill()
        for client in crowd:
            client.line.close()


def _under_load(lives, crowd, is_over, moments):
    for client in crowd:
        client.prepare()
    threads = [threading.Thread(target=client.run, daemon=True) for client in crowd]
    for thread in threads:
        thread.start()
    _kill_now_and_then(lives, crowd, moments)
    is_over.set()
    for thread in threads:
        thread.join()


def _moments(numbers, seconds, kill_every):
    """Return when to kill, in seconds from the start: at random in the first three quarters, and at the end."""
    moments, at = [], 0
    while (at := at + numbers.expovariate(1 / kill_every)) < seconds * 3 / 4:
        moments.append(at)
    return [*moments, seconds]


def _kill_now_and_then(lives, crowd, moments):
    began = time.monotonic()
    for moment in moments:
        while (rest := began + moment - time.monotonic()) > 0:
            if any(client.fault for client in crowd):
                return
            time.sleep(min(rest, _LOOKED_EVERY_S))
        lives.end()
        lives.begin()


def _judge(lives, crowd):
    """Read everything back, end the service in order, and look at what it left behind."""
    soaked = Soaked(lives=lives.past, killed_at_start=lives.killed_at_start)
    faults = [(client.name, client.fault or _fault_of(client.read_all)) for client in crowd]
    soaked.lost += [f"{name}: {type(fault).__name__}: {fault}" for name, fault in faults if fault]
    for client in crowd:
        soaked.done += client.done
        soaked.unanswered += client.unanswered
    checks = (
        lambda: _compare_tokens(crowd),
        lambda: _end_in_order(lives),
        lambda: _verify(lives.home),
        lambda: _compare_events(lives.home, soaked),
        lambda: _search_log(lives.home, soaked),
        lambda: _search_files(lives.home),
        lambda: _look_for_growth(lives.past),
    )
    soaked.lost += [str(fault) for fault in map(_fault_of, checks) if fault]
    return soaked


def _fault_of(check):
    try:
        check()
    except Exception as fault:  # noqa: BLE001 - whatever it is, the soak tells it
        return fault
    return None


def _compare_tokens(crowd):
    listed = crowd[0].line.ask("GET", "/api-tokens").body["api_tokens"]
    made = Counter(token["name"] for token in listed)
    for client in crowd:
        for name, is_acknowledged in client.tokens.items():
            if made[name] > 1 or made[name] < is_acknowledged:
                raise Lost(f"the token {name} was made {made[name]} times; acknowledged: {is_acknowledged}")


def _end_in_order(lives):
    if code := lives.close():
        raise Lost(f"told to stop, the service ended with {code}")


def _verify(home):
    for command in (("audit", "verify"), ("keys", "verify")):
        home.call(*command)


def _compare_events(home, soaked):
    """Hold the audit log against what was acknowledged: an act is in it once, one in doubt once or not at all."""
    database = sqlite3.connect(home.directory / "state" / "agents.db")
    counted = "SELECT action, count(*) FROM audit_event WHERE outcome = 'ok' AND actor NOT LIKE 'cli:%' GROUP BY action"
    events = dict(database.execute(counted).fetchall())
    database.close()
    soaked.events = sum(events.values())
    for action in _AUDITED:
        least, most = soaked.done[action], soaked.done[action] + soaked.unanswered[action]
        if not least <= events.get(action, 0) <= most:
            raise Lost(f"{events.get(action, 0)} events of {action}, and between {least} and {most} were done")


def _search_log(home, soaked):
    with home.log.open() as log:
        for line in log:
            soaked.log_lines += 1
            if CANARY in line or _API_TOKEN in line:
                raise Lost("a secret is in the log")
            if "Traceback" in line or '"level": "error"' in line or '"level": "warning"' in line:
                raise Lost(f"the log complains: {line}")


def _search_files(home):
    for path in (home.directory / "state").rglob("*"):
        if path.is_file() and CANARY.encode() in path.read_bytes():
            raise Lost(f"a secret is in {path.name} in the clear")


def _look_for_growth(lives):
    """Compare the two halves of a life that was long enough to settle: neither files nor threads become more."""
    for life in lives:
        half = len(life.samples) // 2
        if life.samples and life.samples[-1].at > 60:
            earlier, later = life.samples[half // 2 : half], life.samples[half:]
            for what in ("files", "threads"):
                before, after = (max(getattr(each, what) for each in part) for part in (earlier, later))
                if after > before + 2:
                    raise Lost(f"in life {life.number} {what} grew from {before} to {after}")


def rising(samples):
    """Return by how many MiB a minute memory grows, by the straight line nearest to the samples."""
    count = len(samples)
    at, used = sum(s.at for s in samples) / count, sum(s.rss_kib for s in samples) / count
    spread = sum((s.at - at) ** 2 for s in samples)
    return sum((s.at - at) * (s.rss_kib - used) for s in samples) / spread * 60 / 1_024
