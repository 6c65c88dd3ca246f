"""A state directory whose service has an OAuth client at a running forge."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.boot import open_service
from app.setting_sources import load_settings
from app.usecases.oauth.connect import new_random
from domain.values import SecretValue
from tests.support.oauth_forge import CLIENT_ID, CLIENT_SECRET, Browser

STRONGROOM = Path(sys.executable).parent / "strongroom"


@dataclass(frozen=True)
class OAuthHome:
    """Picklable, so that other processes can open the same home."""

    directory: Path
    forge: str
    base_url: str

    @property
    def flags(self):
        return {
            "state_dir": str(self.directory / "state"),
            "config_dir": str(self.directory / "config"),
            f"{self.forge}_url": self.base_url,
            f"{self.forge}_client_id": CLIENT_ID,
            "allow_env_secrets": "1",
        }

    @property
    def environ(self):
        ours = {f"STRONGROOM_{name.upper()}": value for name, value in self.flags.items()}
        return {**os.environ, **ours, f"STRONGROOM_{self.forge.upper()}_CLIENT_SECRET": CLIENT_SECRET}

    @contextmanager
    def service(self, **flags):
        """Open the service; `flags` are further settings."""
        secret = {f"{self.forge}_client_secret": CLIENT_SECRET}
        container = open_service(load_settings({}, {**self.flags, **secret, **flags}))
        try:
            yield container
        finally:
            container.database().close()

    def connect(self, container, *, login="ada"):
        """Connect the forge as a browser would."""
        starter, browser = new_random(), Browser()
        begun = container.begin_authorization()(self.forge, starter=starter)
        back = browser.allow(begun.url, login=login)
        browser.close()
        return container.finish_authorization()(self.forge, SecretValue(urlsplit(back).query), starter=starter)

    def run(self, *args, stdin="", check=True, **environ):
        """Run a command in a process of its own."""
        return subprocess.run(
            [STRONGROOM, *args],
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )


def home_of(forge, directory):
    return OAuthHome(directory, forge.forge, forge.base_url)
