"""`/secrets`: what may be shown of secrets and their versions, and on one route their values."""

from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope
from typing_extensions import override

from app import documents
from app.http.bodies import read_body
from app.http.models import PutSecret, RollBack
from app.http.preconditions import etag, expected_version
from app.http.routing import Handler, no_content, resource
from app.usecases.find_damage import FindDamage
from app.usecases.read_secret import ReadSecret
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.store_secret import Stored, StoreSecret
from domain.audit import Action
from domain.errors import Invalid, NotFound
from domain.ports import LastAct, LastActs, SecretHistory, SecretStore
from domain.secrets import SecretVersion


class _LastStepRoute(Route):
    """Matches a path's last step where it was sent as such: a name that ends so is sent with its slash encoded."""

    def __init__(self, step: str, handler: Handler, method: str) -> None:
        super().__init__(f"/secrets/{{name:path}}/{step}", handler, methods=[method])
        self._end = f"/{step}".encode()

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["raw_path"].endswith(self._end) else (Match.NONE, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretActs:
    """The use cases behind the routes."""

    read: ReadSecret
    store: StoreSecret
    roll_back: RollbackSecret
    find_damage: FindDamage
    last_acts: LastActs


class Secrets:
    """A secret by its name, which may hold slashes behind its colon."""

    def __init__(self, secrets: SecretStore, history: SecretHistory, acts: SecretActs) -> None:
        self._secrets = secrets
        self._history = history
        self._acts = acts

    def routes(self) -> list[BaseRoute]:
        """Return the routes; a value stands behind a path of its own, so that a grant can leave it out."""
        return [
            resource("/secrets", GET=self.page),
            _LastStepRoute("value", self.reveal, "GET"),
            _LastStepRoute("versions", self.versions, "GET"),
            _LastStepRoute("rollback", self.roll_back, "POST"),
            resource("/secrets/{name:path}", GET=self.show, PUT=self.put, DELETE=self.delete),
        ]

    async def page(self, request: Request) -> Response:
        """List every secret, without values; with `check=1` it says of each whether its value opens."""
        check = _wants_check(request)
        return JSONResponse({"secrets": await run_in_threadpool(self._listed, check=check)})

    def _listed(self, *, check: bool) -> list[dict[str, object]]:
        damage = self._acts.find_damage.current() if check else None
        return documents.secrets(self._secrets.list(), self._acts.last_acts.of(Action.SECRET_READ), damage)

    async def show(self, request: Request) -> Response:
        """Return what may be shown of one secret, a damaged or expired one too: nothing is decrypted."""
        name = request.path_params["name"]
        info = await run_in_threadpool(self._secrets.info, name)
        if info is None:
            raise _no_such_secret()
        read = await run_in_threadpool(self._last_read, name)
        return JSONResponse(documents.secret(info, read), headers={"ETag": etag(info.version)})

    def _last_read(self, name: str) -> LastAct | None:
        return self._acts.last_acts.of(Action.SECRET_READ, subject=name).get(name)

    async def reveal(self, request: Request) -> Response:
        """Return one secret with its value."""
        secret = await run_in_threadpool(self._acts.read, request.path_params["name"])
        return JSONResponse(
            {"name": secret.name, "value": secret.value.reveal(), "version": secret.version},
            headers={"ETag": etag(secret.version), "Cache-Control": "no-store"},
        )

    async def versions(self, request: Request) -> Response:
        """List the versions of a secret, of a deleted one too, newest first, without values."""
        versions = await run_in_threadpool(self._history.versions, request.path_params["name"])
        if not versions:
            raise _no_such_secret()
        name, deleted_at = versions[0].name, versions[0].deleted_at
        read = await run_in_threadpool(self._last_read, name)
        return JSONResponse(
            {
                "name": name,
                "deleted_at": deleted_at,
                **documents.last_reading(read),
                "versions": [_version(version) for version in versions],
            }
        )

    async def roll_back(self, request: Request) -> Response:
        """Make an older version the value again, as a new version."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        body = await read_body(request, RollBack)
        version = await run_in_threadpool(self._acts.roll_back, name, body.version, expected_version=expected)
        return JSONResponse({"name": name, "version": version}, headers={"ETag": etag(version)})

    async def put(self, request: Request) -> Response:
        """Store a value; 201 if the name is new."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        body = await read_body(request, PutSecret)
        stored = await run_in_threadpool(
            self._acts.store,
            name,
            body.value,
            expected_version=expected,
            expires_at=body.expires_at,
            verify=body.verify,
        )
        status = HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK
        return JSONResponse(described(name, stored), status, {"ETag": etag(stored.version)})

    async def delete(self, request: Request) -> Response:
        """Delete a secret; its versions stay, so that it can be brought back."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        if not await run_in_threadpool(self._secrets.delete, name, expected_version=expected):
            raise _no_such_secret()
        return no_content()


def described(name: str, stored: Stored) -> dict[str, object]:
    """Say what was stored, and whose token it is if that was asked."""
    owner = {} if stored.owner is None else {"owner": stored.owner}
    return {"name": name, "version": stored.version, **owner}


def _version(version: SecretVersion) -> dict[str, object]:
    """Show a version; that the secret was deleted stands beside them all."""
    shown = asdict(version)
    del shown["deleted_at"]
    return shown


def _wants_check(request: Request) -> bool:
    asked = request.query_params.get("check", "0")
    if asked not in {"0", "1"}:
        raise Invalid("check is neither 0 nor 1")
    return asked == "1"


def _no_such_secret() -> NotFound:
    return NotFound("no secret has that name")
