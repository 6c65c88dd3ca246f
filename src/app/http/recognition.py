"""Who is asking: our own user over the Unix socket, else whose token is shown. Who is not recognised is noted."""

import os
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from app.http.denials import STRANGER, Denials
from app.http.envelope import ACTOR
from app.http.peers import PEER_UID
from app.http.rate_limits import RateLimits, site_of
from app.redaction import masked_text
from app.usecases.api_tokens import Authenticate
from domain.api_tokens import ADMIN, ApiToken
from domain.errors import NotAllowed, RateLimited, Unauthenticated
from domain.values import SecretValue

OURSELVES: Final = ApiToken(id="peer", name="our own user", prefix="", digest=b"", grants=(ADMIN,), created_at=0)
"""Whoever runs as our user has all that we have, and needs no token."""

_VAULT_TOKEN = "x-vault-token"  # noqa: S105 - the name of a header
_VAULT_PATHS = "/v1/"


class Recognition:
    """Knows a caller by his token, and counts how often he asks. With `vault`, `X-Vault-Token` is read below /v1."""

    def __init__(self, authenticate: Authenticate, denials: Denials, limits: RateLimits, *, vault: bool) -> None:
        self._authenticate = authenticate
        self._denials = denials
        self._limits = limits
        self._vault = vault
        self._uid = os.geteuid()
        self._noting: set[str] = set()

    async def caller(self, scope: Scope) -> ApiToken:
        """Return who sent a request; raises `Unauthenticated` or `RateLimited`.

        Where Vault's clients ask it raises `NotAllowed` instead of the former: they take 403 for a bad token.
        """
        if scope.get("state", {}).get(PEER_UID) == self._uid:
            return OURSELVES
        try:
            caller = await self._owner_of_shown(scope)
        except Unauthenticated as error:
            if not self._is_for_vault(scope):
                raise
            raise NotAllowed(error.message, advice="send X-Vault-Token: srt_…") from None
        await self._count(caller, scope)
        return caller

    def admit_stranger(self, scope: Scope) -> None:
        """Count a request that brings no token and may; raises `RateLimited` if it is one too many from there."""
        self._limits.count_failure(_address(scope))

    def _is_for_vault(self, scope: Scope) -> bool:
        return self._vault and scope["path"].startswith(_VAULT_PATHS)

    async def _count(self, caller: ApiToken, scope: Scope) -> None:
        try:
            self._limits.count_request(caller.id)
        except RateLimited as error:
            scope[ACTOR] = actor_of(caller, scope)
            await self._denials.note(scope[ACTOR], request_of(scope), error)
            raise

    async def _owner_of_shown(self, scope: Scope) -> ApiToken:
        shown = None
        try:
            shown = self._shown(scope)
            return self._authenticate(shown)
        except Unauthenticated as error:
            await self._refuse_many(scope)
            if shown is not None:
                owner = await run_in_threadpool(self._authenticate.whose, shown)
                scope[ACTOR] = actor_of(owner, scope)
                await self._denials.note(scope[ACTOR], request_of(scope), error)
            raise

    async def _refuse_many(self, scope: Scope) -> None:
        """Raise `RateLimited` for one unknown token too many; then it is not looked up whose it may have been."""
        try:
            self._limits.count_failure(_address(scope))
        except RateLimited as error:
            await self._denials.note(_flooding(scope), request_of(scope), error)
            raise

    def _shown(self, scope: Scope) -> SecretValue:
        headers = Headers(scope=scope)
        if self._is_for_vault(scope) and _VAULT_TOKEN in headers:
            return SecretValue(headers[_VAULT_TOKEN].strip())
        return _bearer(headers)

    async def note_use(self, caller: ApiToken) -> None:
        """Write down that a token was used, once a minute, and by one of those who use it at a time."""
        if caller is OURSELVES or caller.id in self._noting or not self._authenticate.is_use_to_be_noted(caller):
            return
        self._noting.add(caller.id)
        try:
            await run_in_threadpool(self._authenticate.note_use, caller)
        finally:
            self._noting.discard(caller.id)


def actor_of(caller: ApiToken | None, scope: Scope) -> str:
    """Name a caller for the audit log: by its token, else by where it comes from."""
    if caller is not None and caller is not OURSELVES:
        return f"token:{caller.id} {caller.name}"
    uid = scope.get("state", {}).get(PEER_UID)
    return f"{STRANGER}{_address(scope) or '-'}" if uid is None else f"peer:{uid}"


def _flooding(scope: Scope) -> str:
    """Name who floods us as he is counted: by single addresses of IPv6 he would leave an event with each."""
    site = site_of(_address(scope))
    return f"{STRANGER}{site}" if "/" in site else actor_of(None, scope)


def request_of(scope: Scope) -> str:
    """Name a request for the audit log. Nothing is ever taken out of that: a token in a path is masked first."""
    return f"{scope['method']} {masked_text(scope['path'])}"


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _bearer(headers: Headers) -> SecretValue:
    credentials = headers.getlist("authorization")
    scheme, _, token = credentials[0].partition(" ") if len(credentials) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("a bearer token is needed", advice="send Authorization: Bearer srt_…")
    return SecretValue(token.strip())
