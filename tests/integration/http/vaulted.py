"""A running service that answers Vault's clients, with some secrets in it, and hvac to ask it with."""

from contextlib import closing, contextmanager
from http.client import HTTPConnection

import httpx2
import hvac
import requests

from tests.support.served import a_served_home

NAME = "agent_token:reviewer"
DATA = "/v1/secret/data/"
LIST = "/v1/secret/metadata/"
LOOKUP_SELF = "/v1/auth/token/lookup-self"
PREFLIGHT = "/v1/sys/internal/ui/mounts/secret/x"
CANARY = "canary-7Q"
VALUES = {
    NAME: [f"{CANARY}-one", f"{CANARY}-two"],
    "deploy:key": [f"{CANARY}-key"],
    "deploy:prod/db": [f"{CANARY}-db"],
    "deploy:prod/eu/web": [f"{CANARY} ü🔑\nweb"],
    "deleted": [f"{CANARY}-deleted"],
    "destroyed": [f"{CANARY}-old", f"{CANARY}-new"],
}


class Vaulted:
    """A running service, asked by its own API, by hvac, and in any bytes at all."""

    def __init__(self, home, api, session):
        self.home = home
        self.api = api
        self._session = session

    def token(self, *grants, **more):
        made = self.api.post("/api-tokens", json={"name": "vaulted", "grants": list(grants), **more})
        return made.raise_for_status().json()["token"]

    def hvac(self, token, **more):
        return hvac.Client(url=self.home.url, token=token, session=self._session, **more)

    def kv(self, *grants, **more):
        return self.hvac(self.token(*grants) if grants else self.home.token, **more).secrets.kv.v2

    def raw(self, method, path, *, body=None, **headers):
        """Send a path as it is; returns status, headers and body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.home.port, timeout=30)) as connection:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def events(self, **query):
        return self.api.get("/audit", params=query).json()["events"]

    def versions(self):
        return {each["name"]: each["version"] for each in self.api.get("/secrets").json()["secrets"]}


@contextmanager
def a_vaulted_home(directory):
    """Run such a service on a new directory."""
    with (
        a_served_home(directory, vault_compat="1") as home,
        httpx2.Client(base_url=home.url, headers={"Authorization": f"Bearer {home.token}"}) as api,
        requests.Session() as session,
    ):
        session.trust_env = False
        for name, values in VALUES.items():
            for value in values:
                api.put(f"/secrets/{name}", json={"value": value}).raise_for_status()
        api.delete("/secrets/deleted").raise_for_status()
        home.call("secrets", "destroy", "destroyed", "1", "--confirm", "destroyed")
        yield Vaulted(home, api, session)


def read(kv, path, version=None):
    """Read as hvac does; what is not there is an `InvalidPath`."""
    return kv.read_secret_version(path=path, version=version, raise_on_deleted_version=True)["data"]
