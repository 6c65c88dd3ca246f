"""A running service with token mounts, and what tests of containers ask of it."""

import json
import os
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from app import open_state
from app.cli.mount_report import as_document
from domain.mounts import Owner
from tests.support.memory_directory import memory_directory
from tests.support.readers import a_token
from tests.support.served import ServedHome

GONE_WITHIN_S = 2.0
"""How long after its last process a mount may hold tokens."""

_PATIENCE_S = 20.0
_ME = Owner(os.geteuid(), os.getegid())


class ServedMounts:
    """A service, and beside it this process on the same database. The reviewer has a token."""

    def __init__(self, home, state):
        self.home = home
        self.state = state

    def open(self, agent="reviewer", owner=_ME):
        """Open a mount, from another process than the service: this one. Returns its directory."""
        return Path(self.state.container.open_mount()(agent, owner).directory)

    def close(self, agent="reviewer"):
        self.state.container.close_mount()(agent)

    def store(self, token, agent="reviewer"):
        self.state.secrets.set(f"agent_token:{agent}", token)

    def listed(self, agent="reviewer"):
        """Return what `mounts list --json` says of a mount."""
        views = self.state.container.look_at_mounts()()
        return next((as_document(view) for view in views if view.agent == agent), None)

    def is_noticed(self, agent="reviewer"):
        """Tell whether the service has seen that somebody came."""
        mount = self.state.container.mount_register().find(agent)
        return mount is not None and mount.awaited_since is None

    def wait_until_noticed(self):
        seconds_until(self.is_noticed)

    def ask(self, method, path, body=None):
        """Ask over HTTP; returns the answer's document, None if it has none."""
        request = urllib.request.Request(
            f"{self.home.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.home.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            return json.loads(answer.read() or b"null")

    def patch(self, token):
        """Rotate over HTTP; returns the version."""
        return self.ask("PATCH", "/agents/reviewer/token", {"token": token})["version"]


@contextmanager
def served_mounts(directory):
    """Run a service on a new directory, with mounts in memory."""
    with memory_directory() as runtime:
        settings = {"state_dir": directory / "state", "config_dir": directory / "config", "runtime_dir": runtime}
        home = ServedHome(directory, {"runtime_dir": runtime})
        with open_state(**settings) as state:
            served = ServedMounts(home, state)
            served.store(a_token(0))
            home.token = state.container.create_api_token()("a test", ("admin",))[1].reveal()
            home.start()
            try:
                yield served
            finally:
                if home.process.poll() is None:
                    home.stop()


def token_of(directory, agent="reviewer"):
    return directory / "tokens" / agent


def seconds_until(condition, patience_s=_PATIENCE_S):
    """Wait until a condition is true; returns how long that took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < patience_s, "it did not come about"
        time.sleep(0.005)
    return time.monotonic() - start
