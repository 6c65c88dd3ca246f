"""A house full of sentinels, with everything that comes out of it shown to a watch."""

import base64
import json
import logging
import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from starlette.testclient import TestClient

import app.cli.failures
import app.http.envelope
from app.boot import open_service
from app.http.application import build_app
from app.http.readiness import Readiness
from app.setting_sources import load_settings
from domain.migrations import MigrationReport
from tests.integration.cli.homes import Home
from tests.support.sentinels import (
    ACCESS,
    AGENT,
    CLIENT,
    GENERIC_DOCUMENT,
    MASTER,
    MASTER_NEWER,
    PENPOT,
    REFRESH,
    VALUES,
    LogWatch,
    Watch,
)

_NOBODY_LISTENS = "http://127.0.0.1:9"


def furnish(root: Path) -> Home:
    """Make a home whose old files, moved in, were sentinels, with one of every other kind of secret as well."""
    home = Home(root / "house")
    home.put("tokens/reviewer", f"{VALUES[AGENT]}\n")
    home.put("tokens/coder", "tok-of-no-interest")
    home.put("penpot-token", VALUES[PENPOT])
    gitlab = {"access_token": VALUES[ACCESS], "refresh_token": VALUES[REFRESH], "expires_at": 4_000_000_000}
    home.put("gitlab-oauth-token.json", json.dumps(gitlab))
    home.put("sessions.json", json.dumps({"gitlab:coder:acme/web:7": {"id": "s-1", "last_used_at": 1_790_000_000}}))
    assert home.call("migrate").exit_code == 0
    assert home.call("secrets", "set", "plain", stdin=GENERIC_DOCUMENT).exit_code == 0
    outside = root / "outside"
    outside.mkdir()
    (outside / "generic").write_text(GENERIC_DOCUMENT)
    (outside / "client-secret").write_text(VALUES[CLIENT])
    (outside / "newer.key").write_bytes(base64.b64encode(os.urandom(32)))
    return home


class LeakHouse:
    """A copy of a furnished home. Everything below `root` is scanned but `outside` and the key file."""

    def __init__(self, furnished: Home, root: Path, monkeypatch, *, level: str = "debug") -> None:
        self.watch = Watch()
        self.root = root
        shutil.copytree(furnished.state.parent, root / "house")
        shutil.copytree(furnished.state.parent.parent / "outside", root / "outside")
        self.outside = root / "outside"
        self.temporary = root / "temporary"
        self.temporary.mkdir()
        self.home = Home(root / "house")
        self.home.env |= {
            "STRONGROOM_GITLAB_CLIENT_SECRET_FILE": str(self.outside / "client-secret"),
            "STRONGROOM_FORGEJO_URL": _NOBODY_LISTENS,
            "STRONGROOM_PENPOT_URL": _NOBODY_LISTENS,
            "STRONGROOM_LOG_LEVEL": level,
        }
        self._fresh = count()
        self._monkeypatch = monkeypatch
        self.watch.learn_key(MASTER, self.home.key_file)
        self.watch.learn_key(MASTER_NEWER, self.outside / "newer.key")
        monkeypatch.setattr(tempfile, "tempdir", str(self.temporary))
        monkeypatch.setattr("adapters.sql.opening.BUSY_TIMEOUT_S", 0.01)
        self._words = {
            "{outside}": str(self.outside),
            "{master}": self.home.key_file.read_text(),
            "{newer master}": (self.outside / "newer.key").read_text(),
            "{id}": "none",
        }

    @contextmanager
    def witnessed(self):
        """Look at every exception that a command or a route ends with, for a `with` block."""
        with self._monkeypatch.context() as patch:
            for module, name in ((app.cli.failures, "_understood"), (app.http.envelope, "_answer_to")):
                patch.setattr(module, name, self._looking(getattr(module, name)))
            yield

    def _looking(self, real):
        def look(error, *rest):
            self.watch.look_at_error(type(error).__name__, error)
            return real(error, *rest)

        return look

    def command(self, name, call, *flags):
        """Call a command, look at what it says, and return its exit code and the kinds of secret that it showed."""
        args = [self._worded(argument) for argument in (*name.split(), *call.args)]
        with self._listening():
            result = self.home.call(*args, *flags, stdin=self._worded(call.stdin))
        if call.shows and "API token" in call.shows:
            self.watch.learn_tokens(result.stdout)
            self._words["{id}"] = self._newest_token_id()
        shown = self.watch.look(f"stdout {' '.join(args)}", result.stdout, call.shows)
        self.watch.look(f"stderr {' '.join(args)}", result.stderr)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            self.watch.look_at_error(name, result.exception)
        return result.exit_code, shown

    def look_at_files(self) -> None:
        """Look at every file of the house and at every temporary file."""
        home = self.home
        self.watch.look_at_files(home.state, home.config, self.temporary, but=(home.key_file,))

    def sql(self, *statements: str) -> None:
        """Run statements on a connection of its own."""
        connection = sqlite3.connect(self.home.database, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def _worded(self, text: str) -> str:
        if "{fresh}" in text:
            return text.replace("{fresh}", str(self.outside / f"fresh-{next(self._fresh)}"))
        return self._words.get(text, text.replace("{outside}", str(self.outside)))

    def _newest_token_id(self) -> str:
        connection = sqlite3.connect(self.home.database)
        found = connection.execute("SELECT id FROM api_token ORDER BY created_at DESC, rowid DESC LIMIT 1").fetchone()
        connection.close()
        return found[0] if found else "none"

    @contextmanager
    def served(self):
        """Serve the house in this process; gives a client whose answers are looked at."""
        settings = load_settings(
            {"HOME": str(self.root), **self.home.env},
            {"state_dir": self.home.state, "config_dir": self.home.config},
        )
        container = open_service(settings)
        readiness = Readiness()
        readiness.settle(MigrationReport(dry_run=False))
        _, token = container.create_api_token()("a test", ("admin",))
        self.watch.learn_tokens(token.reveal())
        try:
            with self._listening():
                yield Watched(build_app(container, readiness), self.watch, token.reveal()), container
        finally:
            container.database().close()

    @contextmanager
    def _listening(self):
        """Look at every log record, of whatever level the service is to write."""
        logger, logs = logging.getLogger(), LogWatch(self.watch)
        level = logger.level
        logger.addHandler(logs)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(logs)


class Watched:
    """A client of the service whose every answer, head and body, is looked at."""

    def __init__(self, app, watch: Watch, token: str) -> None:
        self.app = app
        self._watch = watch
        self._client = TestClient(app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)

    def send(self, method, sent, **more):
        """Send a request; returns the status and the kinds of secret that the answer showed."""
        answer = self._client.request(method, sent.path, **{**sent.more, **more})
        if "API token" in sent.shows:
            self._watch.learn_tokens(answer.text)
        where = f"{method} {sent.path}"
        self._watch.look(f"headers {where}", str(answer.headers.raw))
        return answer.status_code, self._watch.look(f"body {where}", answer.content, sent.shows)
