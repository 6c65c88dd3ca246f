"""What clients of Vault's KV version 2 ask when they read and list: four routes, off unless STRONGROOM_VAULT_COMPAT=1.

The secret `agent_token:reviewer` is read at `secret/data/agent_token:reviewer`, its text under the key `value`. A
grant names that path. Writing, leases and ways to log in are not here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.http.access import caller_of
from app.http.queries import VersionQuery, read_query
from app.usecases.read_secret import ReadSecret
from domain.errors import NotFound
from domain.instants import SECOND_MS
from domain.ports import Clock, SecretStore
from domain.secrets import Secret

MOUNT: Final = "secret"
LOOKUP_SELF: Final = "/v1/auth/token/lookup-self"
PREFLIGHT: Final = "/v1/sys/internal/ui/mounts/"
FOR_EVERY_TOKEN: Final = (LOOKUP_SELF, PREFLIGHT)
"""What starts so needs a token, and no grant: it says nothing but what the caller brought, and what is always so."""

_FOLDERS = ("", "/{folder:path}")
"""The top is asked for without a slash behind it, too: hvac takes it away."""

_NO_STORE = {"Cache-Control": "no-store"}


class VaultReads:
    """Reads of secrets in the words of another service."""

    def __init__(self, secrets: SecretStore, read: ReadSecret, clock: Clock) -> None:
        self._secrets = secrets
        self._read = read
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"/v1/{MOUNT}/data/{{name:path}}", self.read, methods=["GET"]),
            *(Route(f"/v1/{MOUNT}/metadata{below}", self.list, methods=["GET", "LIST"]) for below in _FOLDERS),
            Route(LOOKUP_SELF, self.look_up_self, methods=["GET"]),
            Route(PREFLIGHT + "{path:path}", self.preflight, methods=["GET"]),
        ]

    async def read(self, request: Request) -> Response:
        """Return a secret, or with `version` an older version of it."""
        version = read_query(request, VersionQuery).version
        secret = await run_in_threadpool(self._wanted, request.path_params["name"], version or None)
        return _enveloped({"data": {"value": secret.value.reveal()}, "metadata": _metadata(secret)})

    def _wanted(self, name: str, version: int | None) -> Secret:
        """Read what was asked for. A deleted secret has no older versions either, as everywhere over HTTP."""
        if version is not None and self._secrets.info(name) is None:
            raise NotFound("no secret has that name, or it was deleted")
        return self._read(name, version)

    async def list(self, request: Request) -> Response:
        """List what is right below a folder; what has more below it ends with a slash."""
        if request.method == "GET" and request.query_params.get("list") != "true":
            raise NotFound("metadata is listed, and not read: ask with the method LIST, or with ?list=true")
        infos = await run_in_threadpool(self._secrets.list)
        keys = _right_below(request.path_params.get("folder", ""), (info.name for info in infos))
        if not keys:
            raise NotFound("nothing is below that path")
        return _enveloped({"keys": keys})

    async def look_up_self(self, request: Request) -> Response:
        """Describe the caller's own token; every token may ask that."""
        caller = caller_of(request)
        left = 0 if caller.expires_at is None else (caller.expires_at - self._clock.now()) // SECOND_MS
        return _enveloped(
            {
                "display_name": caller.name,
                "expire_time": None if caller.expires_at is None else _time(caller.expires_at),
                "policies": list(caller.grants),
                "renewable": False,
                "ttl": max(0, left),
                "type": "service",
            }
        )

    async def preflight(self, request: Request) -> Response:
        """Say that this is KV version 2; clients ask it before they read."""
        if request.path_params["path"].split("/")[0] != MOUNT:
            raise NotFound(f"the only mount is {MOUNT}")
        return _enveloped({"path": f"{MOUNT}/", "type": "kv", "options": {"version": "2"}})


def _enveloped(data: dict[str, Any]) -> Response:
    around = {
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
    }
    return JSONResponse({"request_id": str(uuid4()), **around, "data": data}, headers=_NO_STORE)


def _metadata(secret: Secret) -> dict[str, Any]:
    return {
        "created_time": _time(secret.updated_at),
        "custom_metadata": None,
        "deletion_time": "",
        "destroyed": False,
        "version": secret.version,
    }


def _time(instant: int) -> str:
    """Write an instant as RFC 3339 has it."""
    return datetime.fromtimestamp(instant / SECOND_MS, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _right_below(folder: str, names: Iterable[str]) -> list[str]:
    prefix = folder if not folder or folder.endswith("/") else f"{folder}/"
    below = (name.removeprefix(prefix) for name in names if name.startswith(prefix) and name != prefix)
    return sorted({first + slash for first, slash, _ in (name.partition("/") for name in below)})
