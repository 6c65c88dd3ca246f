"""`/sessions`: which SDK session an agent works in."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from app.http.bodies import read_body
from app.http.models import PruneOptions, PutSession
from app.http.routing import no_content, resource, whole_number
from app.usecases.prune_sessions import PruneSessions
from domain.errors import NotFound
from domain.instants import DAY_MS
from domain.ports import SessionStore
from domain.sessions import Session

DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 1_000


class Sessions:
    """A session by its key, which may hold slashes; `ttl_days` is what pruning goes by when not told."""

    def __init__(self, sessions: SessionStore, prune: PruneSessions, *, ttl_days: int) -> None:
        self._sessions = sessions
        self._prune = prune
        self._ttl_days = ttl_days

    def routes(self) -> list[BaseRoute]:
        """Return the routes. No key is the word `prune`, so the two do not collide."""
        return [
            resource("/sessions", GET=self.page),
            resource("/sessions/prune", POST=self.prune),
            resource("/sessions/{key:path}", GET=self.show, PUT=self.put, DELETE=self.delete),
        ]

    async def page(self, request: Request) -> Response:
        """List sessions by key; `next` is what to send as `after` for more."""
        query = request.query_params
        limit = whole_number(query, "limit", highest=HIGHEST_LIMIT) or DEFAULT_LIMIT
        found = await run_in_threadpool(
            self._sessions.list, prefix=query.get("prefix", ""), after=query.get("after"), limit=limit + 1
        )
        more = found[limit - 1].key if len(found) > limit else None
        return JSONResponse({"sessions": [session._asdict() for session in found[:limit]], "next": more})

    async def show(self, request: Request) -> Response:
        """Return one session."""
        return _shown(self._sessions.get(request.path_params["key"]))

    async def put(self, request: Request) -> Response:
        """Say which session a key is in, used now."""
        body = await read_body(request, PutSession)
        return _shown(await run_in_threadpool(self._set, request.path_params["key"], body.session_id))

    async def delete(self, request: Request) -> Response:
        """Forget a key."""
        if not await run_in_threadpool(self._sessions.delete, request.path_params["key"]):
            raise _no_such_session()
        return no_content()

    async def prune(self, request: Request) -> Response:
        """Forget what nobody has used for long."""
        body = await read_body(request, PruneOptions)
        days = self._ttl_days if body.older_than_days is None else body.older_than_days
        return JSONResponse({"pruned": await run_in_threadpool(self._prune, days * DAY_MS)})

    def _set(self, key: str, session_id: str) -> Session | None:
        self._sessions.set(key, session_id)
        return self._sessions.get(key)


def _shown(session: Session | None) -> Response:
    if session is None:
        raise _no_such_session()
    return JSONResponse(session._asdict())


def _no_such_session() -> NotFound:
    return NotFound("no session has that key", advice="a key is <forge>:<agent>:<repo>:<issue>")
