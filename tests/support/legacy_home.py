"""A home of the old version on a real disk, with made-up values, and what a scan for those values looks for."""

import base64
import json
import os
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from app.container import Container
from app.setting_sources import load_settings

MTIME_NS = 1_790_000_000_123_456_789
LOCK = "strongroom.lock"
KEY_FILE = "config/master.key"
FORGES = ("forgejo", "github", "gitlab")


@dataclass(frozen=True)
class LegacyHome:
    """`root` holds `state/` and `config/`; `secrets` are the values that may stand nowhere in the clear."""

    root: Path
    secrets: list[str] = field(default_factory=list)
    session_keys: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def database(self) -> Path:
        return self.state / "agents.db"

    def settings(self, **more: object):
        given = {"state_dir": self.state, "config_dir": self.config, **more}
        return load_settings({"HOME": str(self.root)}, given)

    def files(self) -> list[Path]:
        """Every regular file below the home."""
        return sorted(path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink())


def build_legacy_home(root: Path, *, agents: int = 3, sessions: int = 5) -> LegacyHome:
    """Lay out a home with `agents` token files, Penpot's, GitLab's, `sessions` records and what is not ours."""
    home = LegacyHome(root)
    for directory in (home.state, home.config / "tokens"):
        directory.mkdir(mode=0o700, parents=True)
    _put_tokens(home, agents)
    _put_gitlab(home)
    _put_sessions(home, sessions)
    _put_what_is_not_ours(home)
    return home


def _put_tokens(home: LegacyHome, agents: int) -> None:
    for number in range(agents):
        token = _secret(home, f"tok/{number:04d}+Ünl'4q&Rz")
        _put(home.config / "tokens" / f"agent-{number:04d}", token + ("\r\n" if number % 2 else "\n"))
    _put(home.config / "penpot-token", "\ufeff" + _secret(home, "penpot_9Vw7xKq2"))


def _put_gitlab(home: LegacyHome) -> None:
    document = {
        "access_token": _secret(home, "glpat-Ac3ss9Tk"),
        "refresh_token": _secret(home, "glrt-R3fr3sh7"),
        "token_type": "Bearer",
        "scope": "api read_user",
        "created_at": 1_780_000_000,
        "expires_in": 7_200,
        "client_note": _secret(home, "unknown-Key5val"),
    }
    _put(home.state / "gitlab-oauth-token.json", json.dumps(document))


def _put_sessions(home: LegacyHome, sessions: int) -> None:
    records = {}
    for number in range(sessions):
        key = f"{FORGES[number % 3]}:agent-{number % 7}:acme/api:{number}"
        home.session_keys.append(key)
        records[key] = {"id": f"sess-{number:06d}", "last_used_at": 1_780_000_000_000 + number}
    _put(home.state / "sessions.json", json.dumps(records))


def _put_what_is_not_ours(home: LegacyHome) -> None:
    for path in (
        home.config / "agent-env" / "reviewer.env",
        home.config / "claude-credentials" / "reviewer" / "credentials.json",
        home.config / "architect-uploads" / "plan.md",
        home.state / "architect-uploads" / "7" / "plan.md",
    ):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _put(path, f"API_KEY=not-ours-{path.name}\n", mode=0o644)


def _secret(home: LegacyHome, value: str) -> str:
    home.secrets.append(value)
    return value


def _put(path: Path, text: str, *, mode: int = 0o600) -> None:
    path.write_bytes(text.encode())
    path.chmod(mode)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))


def not_ours(home: LegacyHome) -> dict[str, tuple[object, ...]]:
    """Everything below the directories that are never touched: bytes, inode, mode and times."""
    names = ("agent-env", "claude-credentials", "architect-uploads")
    found = {}
    for path in sorted(home.root.rglob("*")):
        if any(name in path.relative_to(home.root).parts for name in names):
            state = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (content, state.st_ino, state.st_mode, state.st_mtime_ns, state.st_ctime_ns)
    return found


def listing(home: LegacyHome, *, without: tuple[str, ...] = ()) -> dict[str, tuple[int, ...]]:
    """Inode, mode, size, mtime and ctime of every entry, directories included."""
    found = {}
    for path in [home.root, *sorted(home.root.rglob("*"))]:
        if path.name not in without:
            s = path.lstat()
            found[str(path)] = (s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
    return found


def disguises(value: str) -> set[bytes]:
    """A value as it may stand in a file: raw, escaped for JSON or a URL, base64 at each offset, hex, UTF-16."""
    raw = value.encode()
    forms = {raw, value.encode("utf-16-le"), value.encode("utf-16-be")}
    forms |= {json.dumps(value)[1:-1].encode(), json.dumps(value, ensure_ascii=False)[1:-1].encode()}
    forms |= {urllib.parse.quote(value, safe="").encode(), urllib.parse.quote_plus(value).encode()}
    forms |= {raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        # Characters that only depend on the value, whatever stands before and behind it.
        start, rest = -(-8 * offset // 6), (len(raw) + offset) % 3
        encoded = base64.b64encode(b"\x00" * offset + raw).rstrip(b"=")
        inner = encoded[start : len(encoded) - (1 if rest else 0)]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def plaintext_in(home: LegacyHome, secrets: list[str]) -> list[tuple[str, str]]:
    """Each file of ours that holds one of `secrets` in one of its disguises, with the value."""
    found = []
    for path in home.files():
        if {"agent-env", "claude-credentials", "architect-uploads"} & set(path.parts):
            continue
        content = path.read_bytes()
        found += [(path.name, secret) for secret in secrets if any(form in content for form in disguises(secret))]
    return found


def close(container: Container) -> None:
    """Close the database of a service."""
    container.database().close()
