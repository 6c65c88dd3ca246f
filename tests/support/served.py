"""The service as an operator starts it: `strongroom serve` in a process of its own, and a token to ask it with."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

STRONGROOM = Path(sys.executable).parent / "strongroom"
_PATIENCE_S = 60


@dataclass
class ServedHome:
    """A running service on a directory. `settings` are environment variables without the prefix, in lower case."""

    directory: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_path(self):
        return self.directory / "strongroom.sock"

    @property
    def log(self):
        return self.directory / "serve.log"

    @property
    def environ(self):
        settings = {
            "state_dir": self.directory / "state",
            "config_dir": self.directory / "config",
            "port": self.port,
            "socket": self.socket_path,
            **self.settings,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STRONGROOM_")}
        return {**inherited, **{f"STRONGROOM_{name.upper()}": str(value) for name, value in settings.items()}}

    def call(self, *arguments, stdin=""):
        """Run a command on the same directory; returns its output."""
        done = subprocess.run(
            [STRONGROOM, *arguments], input=stdin, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_token(self, *grants):
        flags = [part for grant in grants for part in ("--grant", grant)]
        return json.loads(self.call("api-tokens", "create", "--name", "a test", *flags, "--json"))["token"]

    def start(self):
        """Start the service, and come back when it says that it is ready (sd_notify(3))."""
        notify = self.directory / "notify.sock"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, self.log.open("ab") as log:
            manager.bind(str(notify))
            manager.settimeout(_PATIENCE_S)
            environ = {**self.environ, "NOTIFY_SOCKET": str(notify)}
            self.process = subprocess.Popen([STRONGROOM, "serve"], env=environ, stdout=log, stderr=log)
            while b"READY=1" not in manager.recv(4_096).splitlines():
                pass

    def kill(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """End it in order; returns its exit code."""
        self.process.terminate()
        return self.process.wait(_PATIENCE_S)


@contextmanager
def a_served_home(directory, **settings):
    """Run the service on a new directory, with a token for everything in `token`."""
    home = ServedHome(directory, settings)
    home.token = home.new_token("admin")
    home.start()
    try:
        yield home
    finally:
        if home.process.poll() is None:
            home.stop()
