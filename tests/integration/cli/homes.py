"""A machine with the old version's files, and the command line called on it: in this process, in one of its own, at a
terminal."""

import json
import os
import pty
import select
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from app.cli.root import root

GITLAB_ACCESS = "glpat-SENTINEL-access"
GITLAB_REFRESH = "glprt-SENTINEL-refresh"
REVIEWER_TOKEN = "tok-SENTINEL-reviewer"
CODER_TOKEN = "tok-SENTINEL-coder"
PENPOT_TOKEN = "tok-SENTINEL-penpot"
SENTINEL = "SENTINEL"
KEY = "forgejo:reviewer:acme/api:42"
NEWER_KEY = "gitlab:coder:acme/web:7"

_PATIENCE_S = 30


class Home:
    """The two directories, and calls of the command on them."""

    def __init__(self, root_directory: Path) -> None:
        self.state = root_directory / "state"
        self.config = root_directory / "config"
        self.database = self.state / "agents.db"
        self.key_file = self.config / "master.key"
        self.env = {
            "STRONGROOM_STATE_DIR": str(self.state),
            "STRONGROOM_CONFIG_DIR": str(self.config),
            "STRONGROOM_RUNTIME_DIR": str(root_directory / "run"),
        }

    def put(self, path: str, content: str) -> Path:
        """Write one old file: `tokens/…` and `penpot-token` in the config directory, others in the state directory."""
        place = (self.config if path.startswith(("tokens/", "penpot")) else self.state) / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
        place.chmod(0o600)
        return place

    def put_old_files(self) -> None:
        """Write one of each."""
        gitlab = {
            "access_token": GITLAB_ACCESS,
            "refresh_token": GITLAB_REFRESH,
            "scope": "api read_user",
            "created_at": 1_790_000_000,
            "expires_in": 7_200,
        }
        sessions = {
            KEY: {"id": "session-1", "last_used_at": 1_780_000_000},
            NEWER_KEY: {"id": "session-2", "last_used_at": 1_790_000_000},
        }
        self.put("gitlab-oauth-token.json", json.dumps(gitlab))
        self.put("sessions.json", json.dumps(sessions))
        self.put("tokens/reviewer", f"{REVIEWER_TOKEN}\n")
        self.put("tokens/coder", CODER_TOKEN)
        self.put("penpot-token", f"{PENPOT_TOKEN}\r\n")

    def call(self, *args: str, stdin: str | bytes = "", env: dict[str, str] | None = None) -> Result:
        """Call the command in this process."""
        return CliRunner().invoke(root, args, input=stdin, env={**self.env, **(env or {})})

    def ask(self, *args: str, stdin: str = "") -> Any:
        """Call the command with `--json`; returns the document. It must succeed."""
        result = self.call(*args, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def error(self, *args: str, stdin: str | bytes = "") -> tuple[int, dict[str, Any]]:
        """Call the command with `--json`; returns exit code and error. It must fail."""
        result = self.call(*args, "--json", stdin=stdin)
        assert result.stderr == ""
        return result.exit_code, json.loads(result.stdout)["error"]

    def run(self, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        """Run the command in a process of its own."""
        command, environ = self._process(args, env)
        return subprocess.run(command, input=stdin, env=environ, capture_output=True, timeout=_PATIENCE_S, check=False)

    def start(self, *args: str, **streams: Any) -> subprocess.Popen:
        """Start the command in a process of its own; standard error is a pipe."""
        command, environ = self._process(args, None)
        return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, **streams)

    def at_terminal(self, *args: str, dialogue: list[tuple[str, str]]) -> tuple[int, str]:
        """Run the command at a terminal; `dialogue` is what is waited for and then typed. Returns code and screen."""
        master, slave = pty.openpty()
        command, environ = self._process(args, None)
        on_terminal = partial(os.login_tty, slave)
        with subprocess.Popen(command, env=environ, preexec_fn=on_terminal) as process:  # noqa: PLW1509 - no threads here
            os.close(slave)
            try:
                screen = _conversation(master, dialogue)
            finally:
                os.close(master)  # hangs up on a process that still waits
        return process.returncode, screen.decode()

    def everything(self) -> dict[str, bytes | None]:
        """Return every path below the two directories, with what is in it."""
        return {
            str(path): path.read_bytes() if path.is_file() else None
            for top in (self.state, self.config)
            for path in sorted(top.rglob("*"))
        }

    def _process(self, args: tuple[str, ...], env: dict[str, str] | None) -> tuple[list[str], dict[str, str]]:
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.env, **(env or {})}
        return [sys.executable, "-m", "app", *args], environ


def _conversation(master: int, dialogue: list[tuple[str, str]]) -> bytes:
    screen = b""
    for awaited, typed in dialogue:
        screen += _read_until(master, awaited.encode())
        os.write(master, typed.encode())
    return screen + _read_until(master, None)


def _read_until(master: int, awaited: bytes | None) -> bytes:
    """Read what a terminal shows until it shows `awaited`, or until its process is gone."""
    seen = b""
    while awaited is None or awaited not in seen:
        assert select.select([master], [], [], _PATIENCE_S)[0], seen
        try:
            read = os.read(master, 4_096)
        except OSError:
            read = b""
        if not read:
            break
        seen += read
    return seen
