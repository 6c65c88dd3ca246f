"""A forge with a real authorization server behind it (tests/integration/oauth/server), and a browser for it."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from domain.oauth import OAuthClient
from domain.values import SecretValue

SERVER = Path(__file__).parent.parent / "integration" / "oauth" / "server"
CLIENT_ID, PUBLIC_CLIENT_ID = "strongroom-client", "strongroom-public"
CLIENT_SECRET = "cli/K2+w'Box\"1b~client-secret-of-the-tests"
PUBLIC_URL = "http://127.0.0.1:8787"
KINDS = ("gitlab", "github", "forgejo")
_PATIENCE_S = 30


@dataclass
class Forge:
    """A running server. `kind` is how it answers, `forge` the forge that it plays."""

    kind: str
    base_url: str
    control: str

    @property
    def forge(self):
        return self.kind if self.kind in KINDS else "gitlab"

    def client(self, *, secret=CLIENT_SECRET, client_id=CLIENT_ID, base_url=None):
        return OAuthClient(
            forge=self.forge,
            base_url=(base_url or self.base_url).rstrip("/"),
            id=client_id,
            secret=SecretValue(secret) if secret else None,
            redirect_uri=f"{PUBLIC_URL}/oauth/{self.forge}/callback",
            scopes=("api",),
        )

    def stats(self):
        return json.loads(_request("GET", f"{self.control}/stats")[1])

    def reset(self):
        _request("POST", f"{self.control}/reset")

    def fault(self, **how):
        """Arrange how the next token request goes wrong; see server.mjs."""
        _request("POST", f"{self.control}/fault", how)

    def change_secret(self, value):
        _request("POST", f"{self.control}/secret", {"value": value})

    def takes(self, access_token):
        """Whether the forge takes an access token just now."""
        paths = {"gitlab": "/api/v4/user", "github": "/api/v3/user", "forgejo": "/api/v1/user"}
        status, _ = _request("GET", self.base_url + paths[self.forge], bearer=access_token)
        return status == HTTPStatus.OK


def _request(method, url, body=None, *, bearer=None):
    """Ask without httpx2, which takes a tenth of a second to begin: too long for tokens that live for two seconds."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=_PATIENCE_S)
    try:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        connection.request(method, address.path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def running_forge(kind="gitlab", *, path="", **options) -> Iterator[Forge]:
    """Start a server for a `with` block. Skips the test where there is no Node."""
    node = _node()
    process = subprocess.Popen([node, "server.mjs"], cwd=SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        redirects = [f"{PUBLIC_URL}/oauth/{forge}/callback" for forge in KINDS] + options.pop("redirects", [])
        said = {"kind": kind, "path": path, "redirects": redirects, "secret": CLIENT_SECRET, **options}
        process.stdin.write(json.dumps(said).encode())
        process.stdin.close()
        listening = json.loads(process.stdout.readline())
        yield Forge(kind, listening["url"], listening["control"])
    finally:
        process.kill()
        process.wait(_PATIENCE_S)
        process.stdout.close()


def _node() -> str:
    """Find Node, and install what the server needs, once, whichever test process comes first."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the authorization server of these tests needs Node: install nodejs and npm")
    with (SERVER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (SERVER / "node_modules" / ".package-lock.json").exists():
            subprocess.run([npm, "ci", "--silent"], cwd=SERVER, check=True, timeout=300)
    return node


class Browser:
    """Walks through the login and consent pages of a forge, and stops where it is sent back to us."""

    def __init__(self) -> None:
        self._client = httpx2.Client(timeout=_PATIENCE_S)

    def allow(self, url, *, login="ada"):
        """Log in and allow the access; returns the address that the forge sends us back to."""
        return self._walk(url, login, deny=False)

    def deny(self, url, *, login="ada"):
        """Log in and say no."""
        return self._walk(url, login, deny=True)

    def _walk(self, url, login, *, deny):
        host, response = urlsplit(url).netloc, self._client.get(url)
        for _ in range(12):
            if response.is_redirect:
                url = urljoin(str(response.url), response.headers["location"])
                if urlsplit(url).netloc != host:
                    return url
                response = self._client.get(url)
            elif deny:
                response = self._client.get(f"{response.url}/abort")
            else:
                response.raise_for_status()
                form = _Form(response.text)
                fields = {**form.fields, "login": login, "password": "any"}
                response = self._client.post(urljoin(str(response.url), form.action), data=fields)
        raise AssertionError(f"the forge does not come back: {response.status_code} {response.text[:200]}")

    def close(self) -> None:
        self._client.close()


class _Form(HTMLParser):
    def __init__(self, page) -> None:
        super().__init__()
        self.action, self.fields = "", {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        if tag == "form":
            self.action = said.get("action", "")
        if tag == "input" and said.get("name") and said.get("type") == "hidden":
            self.fields[said["name"]] = said.get("value", "")
