"""A real SFTP server: OpenSSH on a loopback port, with keys and settings of its own."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.packaging.programs import program
from tests.support.containers.processes import children, kill, wait_until_gone
from tests.support.ports import free_port

_PATIENCE_S = 20.0
_RUN = Path("/run/sshd")


class SftpServer:
    """`url` is of a directory below `root`, and `options` let in by a key; `subsystem` is what serves SFTP."""

    def __init__(self, root, subsystem="internal-sftp"):
        # Debian's is not on the path of a user.
        self._sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
        if self._sshd is None:
            pytest.skip("sshd is missing: apt-get install openssh-server")
        self.root, self._subsystem = root, subsystem
        self.port = free_port()
        self.user = getpass.getuser()
        self.directory = root / "there" / "copies"
        self.url = f"sftp://{self.user}@127.0.0.1:{self.port}{self.directory}"
        self.known_hosts = root / "known_hosts"
        self.log_level, self.more = "INFO", []
        for name in ("host", "client", "other"):
            self.make_key(name)
        self.know(root / "host.pub")
        self.options = {"key_filename": str(root / "client"), "known_hosts": str(self.known_hosts)}
        self._process = None

    def make_key(self, name, kind="ed25519", passphrase=""):
        keygen = program("ssh-keygen", "openssh-client")
        subprocess.run([keygen, "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", self.root / name], check=True)

    def know(self, public_key):
        """Write down that the server has this key."""
        kind, key, *_ = public_key.read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def start(self):
        config = self.root / "sshd_config"
        config.write_text("\n".join(self._settings()) + "\n")
        if os.geteuid() == 0:
            _RUN.mkdir(mode=0o755, exist_ok=True)  # where Debian's start script makes it
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen([self._sshd, "-D", "-e", "-f", config], stderr=log)
        wait_for(self.port, self._process)

    def stop(self):
        """Kill it, sessions included, as a machine that loses its power."""
        for pid in self.processes():
            kill(pid)
        self._process.wait()

    def processes(self):
        """Return the listener and, behind it, those of its sessions."""
        found = [self._process.pid]
        for pid in found:
            found += children(pid)
        return found

    def drop_sessions(self):
        for pid in self.processes()[1:]:
            kill(pid)
            wait_until_gone(pid)

    def _settings(self):
        return (
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.root / 'host'}",
            f"AuthorizedKeysFile {self.root / 'client.pub'}",
            "PidFile none",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication yes",
            "UseDNS no",
            f"Subsystem sftp {self._subsystem}",
            f"LogLevel {self.log_level}",
            *self.more,
        )


def wait_for(port, process):
    """Wait until somebody listens on a port."""
    deadline = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}: the server ended with {process.poll()}")
