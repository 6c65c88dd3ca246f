"""`/api-tokens`: making tokens for callers, who cannot hand out more than they have."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.access import caller_of
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import NewApiToken
from app.http.operations import Operation, operation
from app.http.routing import NO_CONTENT, Resource, no_content, resource
from app.usecases.api_tokens import CreateApiToken
from domain.api_tokens import ApiToken, grant_of_agent, parse_grant
from domain.errors import NotAllowed, NotFound
from domain.ports import ApiTokenStore, Clock
from domain.values import parse_duration


class ApiTokens:
    """API tokens: a new one is shown once."""

    def __init__(self, tokens: ApiTokenStore, create: CreateApiToken, clock: Clock) -> None:
        self._tokens = tokens
        self._create = create
        self._clock = clock

    def routes(self) -> list[Resource]:
        """Return the routes."""
        return [
            resource("/api-tokens", GET=self.page, POST=self.create),
            resource("/api-tokens/{id}", DELETE=self.revoke),
        ]

    @operation(Operation(answers=answers.ApiTokenList))
    async def page(self, _request: Request) -> Response:
        """List every token, by what may be shown of it."""
        tokens = await run_in_threadpool(self._tokens.list)
        return answer(answers.ApiTokenList(api_tokens=list(map(answers.ApiToken.of, tokens))))

    @operation(
        Operation(
            takes=NewApiToken,
            answers=answers.MadeApiToken,
            status=HTTPStatus.CREATED,
            at_most_once=True,
            shown_once=True,
        )
    )
    async def create(self, request: Request) -> Response:
        """Make a token and show it, this once."""
        body = await read_body(request, NewApiToken)
        caller = caller_of(request)
        bound = () if body.agent is None else (grant_of_agent(body.agent),)
        grants = (*map(parse_grant, body.grants), *bound)
        _refuse_more_than(caller, grants)
        lifetime = self._lifetime(caller, body.expires)
        token, value = await run_in_threadpool(self._create, body.name, grants, lifetime_ms=lifetime)
        made = answers.MadeApiToken(
            id=token.id,
            token=value.reveal(),
            name=token.name,
            grants=list(token.grants),
            expires_at=token.expires_at,
        )
        return answer(made, HTTPStatus.CREATED, {"Cache-Control": "no-store"})

    @operation(Operation(status=NO_CONTENT))
    async def revoke(self, request: Request) -> Response:
        """Revoke a token at once."""
        if not await run_in_threadpool(self._tokens.revoke, request.path_params["id"], self._clock.now()):
            raise NotFound("no API token has that id")
        return no_content()

    def _lifetime(self, caller: ApiToken, wished: str | None) -> int | None:
        """Return how long a new token lives (ms): as wished, by default and at most as long as its maker."""
        lifetime = None if wished is None else parse_duration(wished)
        if caller.expires_at is None:
            return lifetime
        left = caller.expires_at - self._clock.now()
        if lifetime is not None and lifetime > left:
            raise NotAllowed("a token cannot outlive the token that makes it")
        return left if lifetime is None else lifetime


def _refuse_more_than(caller: ApiToken, grants: tuple[str, ...]) -> None:
    """Raise `NotAllowed` unless every grant is within the caller's.

    A pattern that matches another pattern's text matches all that the other does: what it meets the
    other's `*` with is a `*` of its own.
    """
    for grant in grants:
        verb, _, pattern = grant.partition(":")
        if not caller.allows(verb, pattern):
            raise NotAllowed("a token cannot hand out more than it has", advice="ask for grants within your own")
