"""`/secrets`: what may be shown of secrets, and on one route their values."""

from dataclasses import asdict
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope
from typing_extensions import override

from app.http.bodies import read_body
from app.http.models import PutSecret
from app.http.preconditions import etag, expected_version, refuse_conditions
from app.http.routing import no_content, resource
from domain.errors import NotFound, VersionConflict
from domain.ports import SecretStore
from domain.values import SecretValue


class _ValueRoute(Route):
    """Matches `/value` where it was sent as such: a name that ends so is sent with its slash encoded."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["raw_path"].endswith(b"/value") else (Match.NONE, {})


class Secrets:
    """A secret by its name, which may hold slashes behind its colon."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets

    def routes(self) -> list[BaseRoute]:
        """Return the routes; a value stands behind a path of its own, so that a grant can leave it out."""
        return [
            resource("/secrets", GET=self.page),
            _ValueRoute("/secrets/{name:path}/value", self.reveal, methods=["GET"]),
            resource("/secrets/{name:path}", GET=self.show, PUT=self.put, DELETE=self.delete),
        ]

    async def page(self, _request: Request) -> Response:
        """List every secret, without values."""
        secrets = await run_in_threadpool(self._secrets.list)
        return JSONResponse({"secrets": [asdict(info) for info in secrets]})

    async def show(self, request: Request) -> Response:
        """Return what may be shown of one secret, a damaged one too: nothing is decrypted."""
        name = request.path_params["name"]
        infos = await run_in_threadpool(self._secrets.list)
        info = next((info for info in infos if info.name == name), None)
        if info is None:
            raise _no_such_secret()
        return JSONResponse(asdict(info), headers={"ETag": etag(info.version)})

    async def reveal(self, request: Request) -> Response:
        """Return one secret with its value."""
        secret = self._secrets.get(request.path_params["name"])
        if secret is None:
            raise _no_such_secret()
        return JSONResponse(
            {"name": secret.name, "value": secret.value.reveal(), "version": secret.version},
            headers={"ETag": etag(secret.version), "Cache-Control": "no-store"},
        )

    async def put(self, request: Request) -> Response:
        """Store a value; 201 if the name is new."""
        name, expected = request.path_params["name"], expected_version(request.headers)
        body = await read_body(request, PutSecret)
        version, status = await run_in_threadpool(self._set, name, body.value, expected)
        return JSONResponse({"name": name, "version": version}, status, {"ETag": etag(version)})

    async def delete(self, request: Request) -> Response:
        """Delete a secret."""
        refuse_conditions(request.headers)
        if not await run_in_threadpool(self._secrets.delete, request.path_params["name"]):
            raise _no_such_secret()
        return no_content()

    def _set(self, name: str, value: SecretValue, expected: int | None) -> tuple[int, int]:
        """Store; without a condition it is first tried as a new name, which tells creation from change."""
        try:
            version = self._secrets.set(name, value.reveal(), expected_version=expected or 0)
        except VersionConflict:
            if expected is not None:
                raise
            return self._secrets.set(name, value.reveal()), HTTPStatus.OK
        return version, HTTPStatus.OK if expected else HTTPStatus.CREATED


def _no_such_secret() -> NotFound:
    return NotFound("no secret has that name")
