"""`/agents`: which agents have a token, and giving them a new one. No route here shows a token."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import NewAgentToken
from app.http.operations import Operation, operation
from app.http.paging import page_of
from app.http.preconditions import etag, expected_version
from app.http.queries import AgentQuery, read_query
from app.http.routing import NO_CONTENT, Resource, no_content, resource
from app.http.secrets import described
from app.usecases.rotate_agent_token import RotateAgentToken
from domain.errors import NotFound
from domain.ports import SecretStore
from domain.secrets import SecretInfo
from domain.values import AGENT_TOKEN_PREFIX, parse_agent_name


class Agents:
    """Agents are known by their tokens, secrets named `agent_token:<agent>`."""

    def __init__(self, secrets: SecretStore, rotate: RotateAgentToken) -> None:
        self._secrets = secrets
        self._rotate = rotate

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/agents", GET=self.page),
            resource("/agents/{name}/token", PATCH=self.rotate, DELETE=self.delete),
        ]

    @operation(Operation(query=AgentQuery, answers=answers.AgentPage))
    async def page(self, request: Request) -> Response:
        """List the agents that have a token."""
        query = read_query(request, AgentQuery)
        infos = await run_in_threadpool(self._secrets.list)
        agents = [_agent(info) for info in infos if info.name.startswith(AGENT_TOKEN_PREFIX)]
        shown, further = page_of(agents, after=query.after, limit=query.limit)
        return answer(answers.AgentPage(agents=shown, **further))

    @operation(Operation(takes=NewAgentToken, answers=answers.Stored, conditional=True, tagged=True))
    async def rotate(self, request: Request) -> Response:
        """Give an agent a new token; answers with its version, and with its owner if the forge was asked."""
        name, expected = parse_agent_name(request.path_params["name"]), expected_version(request.headers)
        body = await read_body(request, NewAgentToken)
        stored = await run_in_threadpool(self._rotate, name, body.token, expected_version=expected, verify=body.verify)
        return answer(described(name, stored), headers={"ETag": etag(stored.version)})

    @operation(Operation(status=NO_CONTENT, conditional=True))
    async def delete(self, request: Request) -> Response:
        """Take an agent's token away."""
        name, expected = AGENT_TOKEN_PREFIX + request.path_params["name"], expected_version(request.headers)
        if not await run_in_threadpool(self._secrets.delete, name, expected_version=expected):
            raise NotFound("no agent of that name has a token")
        return no_content()


def _agent(info: SecretInfo) -> answers.Agent:
    name = info.name.removeprefix(AGENT_TOKEN_PREFIX)
    return answers.Agent(name=name, version=info.version, updated_at=info.updated_at)
