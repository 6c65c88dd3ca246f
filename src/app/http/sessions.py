"""`/sessions`: which SDK session an agent works in."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.http import answers
from app.http.answers import answer
from app.http.bodies import read_body
from app.http.models import MergeSessions, PruneOptions, PutSession
from app.http.operations import Operation, operation
from app.http.queries import SessionQuery, read_query
from app.http.routing import NO_CONTENT, Resource, no_content, resource
from app.usecases.prune_sessions import PruneSessions
from domain.errors import NotFound
from domain.instants import DAY_MS
from domain.ports import Clock, SessionStore
from domain.sessions import Session


class Sessions:
    """A session by its key, which may hold slashes; `ttl_days` tells what pruning goes by when not told."""

    def __init__(
        self, sessions: SessionStore, prune: PruneSessions, clock: Clock, *, ttl_days: Callable[[], int]
    ) -> None:
        self._sessions = sessions
        self._prune = prune
        self._clock = clock
        self._ttl_days = ttl_days

    def routes(self) -> list[Resource]:
        """Return the routes. No key is one of the words `count`, `merge` and `prune`, so they do not collide."""
        return [
            resource("/sessions", GET=self.page),
            resource("/sessions/count", GET=self.count),
            resource("/sessions/merge", POST=self.merge),
            resource("/sessions/prune", POST=self.prune),
            resource("/sessions/{key:path}", GET=self.show, PUT=self.put, DELETE=self.delete),
        ]

    @operation(Operation(query=SessionQuery, answers=answers.SessionPage))
    async def page(self, request: Request) -> Response:
        """List sessions by key."""
        query = read_query(request, SessionQuery)
        found = await run_in_threadpool(
            self._sessions.list, prefix=query.prefix, after=query.after, limit=query.limit + 1
        )
        more = found[query.limit - 1].key if len(found) > query.limit else None
        return answer(answers.SessionPage(sessions=list(map(_shown, found[: query.limit])), next=more))

    @operation(Operation(answers=answers.SessionCount))
    async def count(self, _request: Request) -> Response:
        """Count the sessions."""
        return answer(answers.SessionCount(count=await run_in_threadpool(self._sessions.count)))

    @operation(Operation(answers=answers.Session))
    async def show(self, request: Request) -> Response:
        """Return one session."""
        return answer(_shown(self._sessions.get(request.path_params["key"])))

    @operation(Operation(takes=PutSession, answers=answers.Session))
    async def put(self, request: Request) -> Response:
        """Say which session a key is in."""
        body = await read_body(request, PutSession)
        key = request.path_params["key"]
        return answer(_shown(await run_in_threadpool(self._set, key, body.session_id, body.used_at)))

    @operation(Operation(status=NO_CONTENT))
    async def delete(self, request: Request) -> Response:
        """Forget a key."""
        if not await run_in_threadpool(self._sessions.delete, request.path_params["key"]):
            raise _no_such_session()
        return no_content()

    @operation(Operation(takes=MergeSessions, answers=answers.Merged, at_most_once=True))
    async def merge(self, request: Request) -> Response:
        """Merge sessions, all or none: of two with one key, the one used later stays."""
        body = await read_body(request, MergeSessions)
        sessions = [Session(each.key, each.session_id, each.last_used_at, each.created_at) for each in body.sessions]
        return answer(answers.Merged(written=await run_in_threadpool(self._sessions.put_many, sessions)))

    @operation(Operation(takes=PruneOptions, answers=answers.Pruned, at_most_once=True))
    async def prune(self, request: Request) -> Response:
        """Forget what nobody has used for long."""
        body = await read_body(request, PruneOptions)
        pruned = await run_in_threadpool(self._forget, body)
        return answer(answers.Pruned(pruned=pruned, dry_run=True) if body.dry_run else answers.Pruned(pruned=pruned))

    def _forget(self, asked: PruneOptions) -> int:
        if asked.before is not None:
            forget = self._sessions.count_stale if asked.dry_run else self._sessions.prune_stale
            return forget(asked.before)
        days = self._ttl_days() if asked.older_than_days is None else asked.older_than_days
        return self._prune(days * DAY_MS, dry_run=asked.dry_run)

    def _set(self, key: str, session_id: str, used_at: int | None) -> Session:
        """What was set is what is answered, even if somebody deletes it between the two steps."""
        at = self._clock.now() if used_at is None else used_at
        self._sessions.set(key, session_id, used_at=at)
        return self._sessions.get(key) or Session(key, session_id, at, at)


def _shown(session: Session | None) -> answers.Session:
    if session is None:
        raise _no_such_session()
    return answers.Session.of(session)


def _no_such_session() -> NotFound:
    return NotFound("no session has that key", advice="a key is <forge>:<agent>:<repo>:<issue>")
