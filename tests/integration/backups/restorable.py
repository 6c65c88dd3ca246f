"""A machine with a database and a backup of it, on which much has happened since."""

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path

from app import open_state
from app.restoring import plan_restore, restore
from app.setting_sources import load_settings
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.backed_up import sql

KEY = "forgejo:reviewer:acme/api:%d"
TOKEN = "agent_token:reviewer"
THEN, NOW = "tok-then-Bk42", "tok-now-Bk43"


class Machine:
    """`backup` names a backup in which the token is THEN; in the database it is NOW."""

    def __init__(self, root: Path) -> None:
        self.state_dir, self.config_dir = root / "state", root / "config"
        self.database = self.state_dir / "agents.db"
        self.backups = self.state_dir / "backups"
        self.key_file = self.config_dir / "master.key"
        self.given = {
            "state_dir": self.state_dir,
            "config_dir": self.config_dir,
            "runtime_dir": root / "run",
        }

    @contextmanager
    def opened(self):
        with open_state(**self.given) as state:
            yield state

    def set_up(self):
        """Back up the one state, and go on to the other."""
        with self.opened() as state:
            state.secrets.set(TOKEN, THEN)
            state.sessions.set(KEY % 1, "then")
            state.oauth_tokens.upsert(
                OAuthToken(forge_type="gitlab", access_token=SecretValue("a-then"), refresh_token=SecretValue("r-then"))
            )
            self.backup = state.container.backups().create().file
            state.secrets.set(TOKEN, NOW)
            state.sessions.set(KEY % 1, "now")
            state.sessions.set(KEY % 2, "now")
        return self

    @property
    def file(self) -> Path:
        return self.backups / self.backup

    @property
    def settings(self):
        return load_settings({"HOME": "/nonexistent"}, self.given)

    def restore(self, file=None):
        return restore(self.settings, str(file or self.backup))

    def plan(self, file=None):
        return plan_restore(self.settings, str(file or self.backup))

    def held(self):
        """What the database holds: the token, and the sessions."""
        with self.opened() as state:
            token = state.secrets.get(TOKEN)
            sessions = {session.key: session.session_id for session in state.sessions.list()}
            return token.value.reveal() if token else None, sessions

    def held_by(self, backup):
        """What a backup holds, restored on another machine."""
        other = Machine(self.state_dir.parent / f"other-{backup}")
        other.config_dir.mkdir(parents=True, mode=0o700)
        other.key_file.write_bytes(self.key_file.read_bytes())
        other.key_file.chmod(0o600)
        other.restore(self.backups / backup)
        return other.held()

    def fingerprints(self):
        """The bytes of everything but the lock, which a refused restore leaves as it is."""
        return {
            str(path.relative_to(self.state_dir)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.state_dir.rglob("*")
            if path.is_file() and path.name != "strongroom.lock"
        }

    def rewrite_manifest(self, **said):
        manifest = self.file.with_name(f"{self.backup}.json")
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **said}))

    def describe_as_it_is(self):
        """Let the manifest say what the file is by now: whoever changed one may have changed the other."""
        content = self.file.read_bytes()
        self.rewrite_manifest(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


STATE_THEN = (THEN, {KEY % 1: "then"})
STATE_NOW = (NOW, {KEY % 1: "now", KEY % 2: "now"})


def rows_of(path):
    """Count the rows of every table, as a manifest does."""
    tables = [name for (name,) in sql(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sql(path, f"SELECT count(*) FROM {name}")[0][0] for name in tables if name != "alembic_version"}
