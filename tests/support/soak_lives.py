"""A service that is killed again and again: its lives, what each of them used, and who waits for the next."""

import random
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.served import STRONGROOM, ServedHome

_PATIENCE_S = 60
_LONGEST_STUMBLE_S = 1.0
_STUMBLES = 0.2
_SAMPLED_EVERY_S = 0.5


@dataclass(frozen=True)
class Sample:
    """What a process used at an instant (seconds since it was ready)."""

    at: float
    rss_kib: int
    files: int
    threads: int


@dataclass
class Life:
    """From ready to killed. `start_s` is how long it took to be ready."""

    number: int
    start_s: float
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)


class Lives:
    """The lives of one service. Its clients ask which it is, and wait for the next when a connection breaks."""

    def __init__(self, home: ServedHome, numbers: random.Random) -> None:
        self.home = home
        self.past: list[Life] = []
        self.killed_at_start = 0
        self._numbers = numbers
        self._changed = threading.Condition()
        self._is_watched, self._is_up = True, False
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @property
    def number(self):
        return len(self.past)

    def begin(self):
        """Start the service; every fifth time or so it is killed once before it is ready."""
        began = time.monotonic()
        if self.past and self._numbers.random() < _STUMBLES:
            self._stumble(self._numbers.uniform(0, _LONGEST_STUMBLE_S))
            began = time.monotonic()
        self.home.start()
        with self._changed:
            self.past.append(Life(self.number + 1, time.monotonic() - began))
            self._is_up = True
            self._changed.notify_all()
        if not self._watcher.ident:
            self._watcher.start()

    def end(self):
        self._is_up = False
        self.home.kill()

    def close(self):
        """Stop in order, and watch no longer."""
        self._is_watched = False
        self._watcher.join()
        return self.home.stop()

    def wait_for_one_after(self, number):
        """Wait until another life has begun; False if none does."""
        with self._changed:
            return self._changed.wait_for(lambda: self.number > number, _PATIENCE_S)

    def _stumble(self, after_s):
        with self.home.log.open("ab") as log:
            process = subprocess.Popen([STRONGROOM, "serve"], env=self.home.environ, stdout=log, stderr=log)
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            self.killed_at_start += 1
        process.kill()
        process.wait()

    def _watch(self):
        while self._is_watched:
            life = self.past[-1]
            with suppress(OSError, KeyError):  # it may be killed meanwhile
                sample = _sample(self.home.process.pid, time.monotonic() - life.began)
                if self._is_up and life is self.past[-1]:
                    life.samples.append(sample)
            time.sleep(_SAMPLED_EVERY_S)


def _sample(pid, at):
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(at, int(status["VmRSS"].split()[0]), files, int(status["Threads"]))
