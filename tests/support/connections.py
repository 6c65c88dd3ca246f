"""Opening what connections to forges need, on a path; a process that holds a lease; and a disk that is full."""

import multiprocessing
import os
import signal
import subprocess
from contextlib import contextmanager, suppress

import pytest

from adapters.memory import ManualClock
from adapters.sql import SqlLeases, SqlPendingAuthorizations
from adapters.system import identity, is_gone
from tests.support.recipes import a_cipher, a_database

_PATIENCE_S = 60


@contextmanager
def sql_leases(path, clock=None):
    """Leases in the database at `path`, for this process."""
    with a_database(path) as database:
        yield SqlLeases(database, clock or ManualClock(), identity, is_gone)


@contextmanager
def sql_pending(path, clock=None):
    """Authorizations under way in the database at `path`."""
    with a_database(path) as database:
        yield SqlPendingAuthorizations(database, a_cipher(database), clock or ManualClock())


class Holder:
    """A process that took a lease, and does nothing more. Its `fence` is that of its lease."""

    def __init__(self, recipe, name, ttl_ms):
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_hold, args=(recipe, name, ttl_ms, there))

    def __enter__(self):
        self._process.start()
        assert self._here.poll(_PATIENCE_S)
        self.fence = self._here.recv()
        return self

    def end(self, number, *, reap=True):
        """Send a signal that ends it, and wait for the end."""
        os.kill(self._process.pid, number)
        if reap:
            self._process.join(_PATIENCE_S)
        else:
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)

    def stop(self):
        """Let it stand still."""
        os.kill(self._process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def __exit__(self, *_):
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.join(_PATIENCE_S)


def _hold(recipe, name, ttl_ms, there):
    with recipe() as leases:
        there.send(leases.acquire(name, ttl_ms=ttl_ms).fence)
        signal.pause()


@contextmanager
def small_disk(directory, kib):
    """Mount a file system of `kib` KiB on `directory`; skips where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    directory.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(directory)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here: the container needs SYS_ADMIN")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def fill_up(directory):
    """Write until the disk takes nothing more."""
    with (directory / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(4_096))
