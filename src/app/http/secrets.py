"""`/secrets`: what may be shown of secrets and their versions, and on one route their values."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from app import documents
from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import PutSecret, RollBack
from app.http.operations import Operation, operation
from app.http.paging import page_of
from app.http.preconditions import etag, expected_version
from app.http.queries import SecretQuery, read_query
from app.http.routing import NO_CONTENT, Handler, Resource, no_content, resource
from app.usecases.find_damage import FindDamage
from app.usecases.read_secret import ReadSecret
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.store_secret import Stored, StoreSecret
from domain.audit import Action
from domain.errors import NotFound
from domain.ports import LastAct, LastActs, SecretHistory, SecretStore


class _LastStep(Resource):
    """Matches a path's last step where it was sent as such: a name that ends so is sent with its slash encoded."""

    def __init__(self, step: str, **handlers: Handler) -> None:
        super().__init__(f"/secrets/{{name:path}}/{step}", handlers)
        self._end = f"/{step}".encode()
        self.is_spelled_out = True

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

    def routes(self) -> list[Resource]:
        """Return the routes; a value stands behind a path of its own, so that a grant can leave it out."""
        return [
            resource("/secrets", GET=self.page),
            _LastStep("value", GET=self.reveal),
            _LastStep("versions", GET=self.versions),
            _LastStep("rollback", POST=self.roll_back),
            resource("/secrets/{name:path}", GET=self.show, PUT=self.put, DELETE=self.delete),
        ]

    @operation(Operation(query=SecretQuery, answers=answers.SecretPage))
    async def page(self, request: Request) -> Response:
        """List secrets, without values; with `check=1` it says of each whether its value opens."""
        return answer(await run_in_threadpool(self._page, read_query(request, SecretQuery)))

    def _page(self, query: SecretQuery) -> answers.SecretPage:
        infos, further = page_of(self._secrets.list(), after=query.after, limit=query.limit)
        damage = self._acts.find_damage.current() if query.check else None
        listed = documents.secrets(infos, self._acts.last_acts.of(Action.SECRET_READ), damage)
        return answers.SecretPage(secrets=list(map(answers.SecretInfo.of, listed)), **further)

    @operation(Operation(answers=answers.SecretInfo, tagged=True))
    async def show(self, request: Request) -> Response:
        """Return what may be shown of one secret, a damaged or expired one too: nothing is decrypted."""
        name = request.path_params["name"]
        info = await run_in_threadpool(self._secrets.info, name)
        if info is None:
            raise _no_such_secret()
        read = await run_in_threadpool(self._last_read, name)
        return answer(answers.SecretInfo.of(documents.secret(info, read)), headers={"ETag": etag(info.version)})

    def _last_read(self, name: str) -> LastAct | None:
        return self._acts.last_acts.of(Action.SECRET_READ, subject=name).get(name)

    @operation(Operation(answers=answers.SecretWithValue, tagged=True))
    async def reveal(self, request: Request) -> Response:
        """Return one secret with its value."""
        secret = await run_in_threadpool(self._acts.read, request.path_params["name"])
        shown = answers.SecretWithValue(
            name=secret.name,
            value=secret.value.reveal(),
            version=secret.version,
            created_at=secret.created_at,
            updated_at=secret.updated_at,
        )
        return answer(shown, headers={"ETag": etag(secret.version), "Cache-Control": "no-store"})

    @operation(Operation(answers=answers.SecretVersions))
    async def versions(self, request: Request) -> Response:
        """List the versions of a secret, of a deleted one too, newest first, without values."""
        versions = await run_in_threadpool(self._history.versions, request.path_params["name"])
        if not versions:
            raise _no_such_secret()
        name, deleted_at = versions[0].name, versions[0].deleted_at
        read = await run_in_threadpool(self._last_read, name)
        about = {"name": name, "deleted_at": deleted_at, **documents.last_reading(read)}
        return answer(answers.SecretVersions.of({**about, "versions": versions}))

    @operation(Operation(takes=RollBack, answers=answers.Stored, conditional=True, tagged=True, at_most_once=True))
    async def roll_back(self, request: Request) -> Response:
        """Make an older version the value again, as a new version."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        body = await read_body(request, RollBack)
        version = await run_in_threadpool(self._acts.roll_back, name, body.version, expected_version=expected)
        return answer(answers.Stored(name=name, version=version), headers={"ETag": etag(version)})

    @operation(
        Operation(takes=PutSecret, answers=answers.Stored, or_status=HTTPStatus.CREATED, conditional=True, tagged=True)
    )
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
        return answer(described(name, stored), status, {"ETag": etag(stored.version)})

    @operation(Operation(status=NO_CONTENT, conditional=True))
    async def delete(self, request: Request) -> Response:
        """Delete a secret; its versions stay, so that it can be brought back."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        if not await run_in_threadpool(self._secrets.delete, name, expected_version=expected):
            raise _no_such_secret()
        return no_content()


def described(name: str, stored: Stored) -> answers.Stored:
    """Say what was stored, and whose token it is if that was asked."""
    if stored.owner is None:
        return answers.Stored(name=name, version=stored.version)
    return answers.Stored(name=name, version=stored.version, owner=stored.owner)


def _no_such_secret() -> NotFound:
    return NotFound("no secret has that name")
