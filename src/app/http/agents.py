"""`/agents`: which agents have a token, and giving them a new one. No route here shows a token."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.http.bodies import read_body
from app.http.models import NewAgentToken
from app.http.preconditions import etag, expected_version
from app.http.routing import no_content, resource
from app.http.secrets import described
from app.usecases.rotate_agent_token import RotateAgentToken
from domain.errors import NotFound
from domain.ports import SecretStore
from domain.values import AGENT_TOKEN_PREFIX, parse_agent_name


class Agents:
    """Agents are known by their tokens, secrets named `agent_token:<agent>`."""

    def __init__(self, secrets: SecretStore, rotate: RotateAgentToken) -> None:
        self._secrets = secrets
        self._rotate = rotate

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            resource("/agents", GET=self.page),
            resource("/agents/{name}/token", PATCH=self.rotate, DELETE=self.delete),
        ]

    async def page(self, _request: Request) -> Response:
        """List the agents that have a token."""
        infos = await run_in_threadpool(self._secrets.list)
        agents = [
            {
                "name": info.name.removeprefix(AGENT_TOKEN_PREFIX),
                "version": info.version,
                "updated_at": info.updated_at,
            }
            for info in infos
            if info.name.startswith(AGENT_TOKEN_PREFIX)
        ]
        return JSONResponse({"agents": agents})

    async def rotate(self, request: Request) -> Response:
        """Give an agent a new token; answers with its version, and with its owner if the forge was asked."""
        name, expected = parse_agent_name(request.path_params["name"]), expected_version(request.headers)
        body = await read_body(request, NewAgentToken)
        stored = await run_in_threadpool(self._rotate, name, body.token, expected_version=expected, verify=body.verify)
        return JSONResponse(described(name, stored), headers={"ETag": etag(stored.version)})

    async def delete(self, request: Request) -> Response:
        """Take an agent's token away."""
        name, expected = AGENT_TOKEN_PREFIX + request.path_params["name"], expected_version(request.headers)
        if not await run_in_threadpool(self._secrets.delete, name, expected_version=expected):
            raise NotFound("no agent of that name has a token")
        return no_content()
