"""A home: the directories of one service, with old files in them, built in memory-backed storage and copied at will."""

import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.boot import migrate, open_service
from app.container import Container
from app.setting_sources import load_settings

MTIME_NS = 1_790_000_000_123_456_789
RESTORED = "restored"
LOCK = "strongroom.lock"

GITLAB = {
    "state/gitlab-oauth-token.json": json.dumps(
        {
            "access_token": "glpat-Access1zQ8",
            "refresh_token": "glrt-Refresh7Yw",
            "token_type": "Bearer",
            "scope": "api read_user",
            "created_at": 1_780_000_000,
            "expires_in": 7_200,
        }
    ).encode()
}
SESSIONS = {
    "state/sessions.json": json.dumps(
        {
            f"forgejo:reviewer:acme/api:{issue}": {
                "id": f"sess-{issue}-Kd83",
                "last_used_at": 1_780_000_000_000 + issue,
            }
            for issue in range(1, 6)
        }
    ).encode()
}
TOKENS = {
    "config/tokens/coder": b"tok-Coder-4fPq0\r\n",
    "config/tokens/reviewer": b"tok-Reviewer-9sLm1\n",
    "config/penpot-token": b"\xef\xbb\xbfpenpot-77hTz",
}
MODES = {"config/tokens/coder": 0o640, "config/penpot-token": 0o400}
EVERYTHING = {**GITLAB, **SESSIONS, **TOKENS}

SECRET_WORDS = (b"glpat-Access1zQ8", b"glrt-Refresh7Yw", b"tok-Coder-4fPq0", b"tok-Reviewer-9sLm1", b"penpot-77hTz")
"""What no output and no file of ours may hold in the clear."""

SECRETS = {
    "config/tokens/coder": ("agent_token:coder", "tok-Coder-4fPq0"),
    "config/tokens/reviewer": ("agent_token:reviewer", "tok-Reviewer-9sLm1"),
    "config/penpot-token": ("penpot_api_token", "penpot-77hTz"),
}

Tree = Mapping[str, tuple[bytes, int, int]]
"""Relative path -> (content, mode, mtime in ns) of every regular file."""


@dataclass(frozen=True)
class Home:
    """`root` holds `state/` and `config/`; `database` names the directory below it that holds the database."""

    root: Path
    files: Mapping[str, bytes] = field(default_factory=lambda: EVERYTHING)
    database: str = "state"

    @property
    def database_path(self) -> Path:
        return self.root / self.database / "agents.db"

    @property
    def settings(self) -> dict[str, str]:
        """The settings that make the service live here, by their names."""
        return {
            "state_dir": str(self.root / "state"),
            "config_dir": str(self.root / "config"),
            "database_url": f"sqlite:///{self.database_path}",
        }

    @property
    def environment(self) -> dict[str, str]:
        """All that a process needs; nothing of the developer's, no byte code written, the same hashes each time."""
        ours = {f"STRONGROOM_{name.upper()}": value for name, value in self.settings.items()}
        passed_on = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        fixed = {"HOME": str(self.root), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        return {**passed_on, **fixed, **ours}

    def lay_out(self) -> None:
        """Make the directories and the old files, with modes and times that can be recognised."""
        for directory in ("state", "config/tokens", self.database):
            (self.root / directory).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.put_files()

    def put_files(self) -> None:
        for name, content in self.files.items():
            path = self.root / name
            path.write_bytes(content)
            path.chmod(MODES.get(name, 0o600))
            os.utime(path, ns=(MTIME_NS, MTIME_NS))

    def copied_to(self, root: Path) -> "Home":
        """The same home elsewhere, modes and times included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Home(root, self.files, self.database)

    def open(self) -> Container:
        return open_service(load_settings({"HOME": str(self.root)}, self.settings))

    def boot(self) -> tuple[dict[str, str], str | None]:
        """Start as the service does, and stop; returns the outcome of each source, and the backup made."""
        container = self.open()
        try:
            report = migrate(container)
        finally:
            container.database().close()
        return {source.file: source.outcome.value for source in report.sources}, report.backup

    def present(self) -> set[str]:
        """The old files that are in their places with the bytes that they had."""
        return {name for name, content in self.files.items() if _bytes(self.root / name) == content}

    def backups(self) -> list[Path]:
        """Copies of the database in the backup directory, whole or not; what SQLite lays beside one is part of it."""
        found = (self.root / "state" / "backups").glob("agents.db.bak-*")
        return sorted({path.with_name(re.sub(r"(\.json)?(\.partial.*)?$", "", path.name)) for path in found})

    def integrity(self) -> str:
        connection = sqlite3.connect(f"file:{self.database_path}?mode=ro&immutable=1", uri=True)
        try:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        finally:
            connection.close()

    def tree(self) -> Tree:
        """Everything that is stored, but for the lock: it names its holder."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and path.name != LOCK:
                state = path.stat()
                found[str(path.relative_to(self.root))] = (path.read_bytes(), state.st_mode, state.st_mtime_ns)
        return found


def program(*arguments: str) -> list[str]:
    """The command line of the service, by the interpreter itself: a shim would be another traced process."""
    return [sys.executable, "-P", "-m", "app", *arguments]


def short(file: str) -> str:
    """A file's name in reports: relative to its directory."""
    return file.partition("/")[2]


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
