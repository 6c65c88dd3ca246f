"""The connection to a forge: how it stands, what went wrong with it, and the one that is just being made."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import DomainError, Misconfigured
from domain.instants import DAY_MS, MINUTE_MS, SECOND_MS
from domain.oauth import OAuthClient, OAuthToken
from domain.values import SecretValue

AUTHORIZATION_TTL_MS = 10 * MINUTE_MS
"""How long the operator has for logging in at the forge and allowing us in."""

EXPIRES_SOON_MS = 7 * DAY_MS
_LONGEST_PAUSE_MS = MINUTE_MS
_DOUBLINGS = 6


class Status(StrEnum):
    """How a connection stands: the same words on the command line, over HTTP and on the dashboard."""

    NOT_CONNECTED = "not_connected"
    CONNECTED = "connected"
    EXPIRING = "expiring"
    NEEDS_REAUTH = "needs_reauth"
    CONFIG_ERROR = "config_error"


class FaultKind(StrEnum):
    """What is to be known of a token: what its failed refresh means. The values are stored: they are never renamed."""

    TRANSIENT = "transient"
    NEEDS_REAUTH = "needs_reauth"
    CONFIG_ERROR = "config_error"
    UNCHECKED = "unchecked"
    """Nothing failed: the token was restored from a backup, and may have been spent since."""

    @property
    def is_final(self) -> bool:
        """Tell whether only the operator can do something about it."""
        return self in {FaultKind.NEEDS_REAUTH, FaultKind.CONFIG_ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFault:
    """What went wrong with one version of a forge's token; of a later version it says nothing.

    `since` is when this kind of fault began, `at` when it was met last, `failures` how often in a row.
    Before `retry_at` the forge is not asked again. `client_mark` tells which client settings it was met
    with: when they change, it is worth asking at once. Instants in ms UTC.
    """

    forge: str
    token_version: int
    kind: FaultKind
    reason: str
    since: int
    at: int
    failures: int = 1
    retry_at: int = 0
    client_mark: str = ""


def fault_after(  # noqa: PLR0913 - a fault is told with all that is known of it
    former: ConnectionFault | None,
    token: OAuthToken,
    kind: FaultKind,
    reason: str,
    *,
    now: int,
    client_mark: str,
    retry_after_ms: int | None = None,
) -> ConnectionFault:
    """Return the fault to be noted after one more failure: pauses of 1, 2, 4 … 60 seconds, or longer if asked for."""
    same = former is not None and former.token_version == token.version and former.kind is kind
    failures = former.failures + 1 if former is not None and same else 1
    pause = min(SECOND_MS << min(failures - 1, _DOUBLINGS), _LONGEST_PAUSE_MS)
    return ConnectionFault(
        forge=token.forge_type,
        token_version=token.version,
        kind=kind,
        reason=reason,
        since=former.since if former is not None and same else now,
        at=now,
        failures=failures,
        retry_at=now + max(pause, min(retry_after_ms or 0, DAY_MS)),
        client_mark=client_mark,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the connection to a forge stands; no token is in it. Instants in ms UTC, what is not known is None.

    `reason` says why the operator has something to do, `since` since when; `last_error` is what the last
    refresh that failed met, `last_error_at` when. `refreshable` tells whether we can prolong it by ourselves.
    """

    forge: str
    status: Status
    reason: str | None = None
    since: int | None = None
    account: str | None = None
    base_url: str | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: int | None = None
    connected_at: int | None = None
    last_refresh_at: int | None = None
    last_error: str | None = None
    last_error_at: int | None = None
    version: int | None = None
    refreshable: bool | None = None


def refuse_foreign_client(token: OAuthToken, client: OAuthClient) -> None:
    """Raise `Misconfigured` if `token` was given to another client or by another host: it must not be sent to this one.

    What a token of an old file does not say is taken for the configured.
    """
    if token.base_url is not None and token.base_url.rstrip("/") != client.base_url:
        raise Misconfigured(
            f"the token is for {token.base_url}, and {client.base_url} is configured now",
            advice=f"set the address back, or `strongroom oauth connect {client.forge}`",
        )
    if token.client_id is not None and token.client_id != client.id:
        raise Misconfigured(
            "the token was given to another client id than the one that is configured now",
            advice=f"set the client id back, or `strongroom oauth connect {client.forge}`",
        )


def standing(
    token: OAuthToken, fault: ConnectionFault | None, foreign: DomainError | None, now: int, *, refreshable: bool
) -> Connection:
    """Say how a connected forge stands. `foreign` is what `refuse_foreign_client` raised, if it did."""
    if fault is not None and fault.token_version != token.version:
        fault = None
    status, reason, since = _judged(token, fault, foreign, now)
    return Connection(
        forge=token.forge_type,
        status=status,
        reason=reason,
        since=since,
        account=token.account,
        base_url=token.base_url,
        scopes=token.scopes,
        expires_at=token.expires_at,
        connected_at=token.connected_at,
        last_refresh_at=token.refreshed_at,
        last_error=fault.reason if fault else None,
        last_error_at=fault.at if fault else None,
        version=token.version,
        refreshable=refreshable,
    )


def _judged(
    token: OAuthToken, fault: ConnectionFault | None, foreign: DomainError | None, now: int
) -> tuple[Status, str | None, int | None]:
    if foreign is not None:
        return Status.CONFIG_ERROR, foreign.message, None
    if fault is not None and fault.kind.is_final:
        return Status(fault.kind.value), fault.reason, fault.since
    if not token.is_alive(now) and not token.can_be_refreshed(now):
        return Status.NEEDS_REAUTH, "the token has expired, and nothing is left to refresh it with", token.expires_at
    ends = token.refresh_expires_at if token.refresh_token else token.expires_at
    if ends is not None and ends - now < EXPIRES_SOON_MS:
        return Status.EXPIRING, "it ends soon, and only connecting again prolongs it", None
    return Status.CONNECTED, None, token.connected_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAuthorization:
    """An authorization that was begun and not yet come back from the forge (RFC 6749, section 4.1).

    It is known by a hash of its `state`, and only who shows what `starter` is the hash of can finish it:
    the browser by its cookie, or the terminal that began it. The PKCE `verifier` never leaves the server
    (RFC 7636). `actor` began it.
    """

    state_digest: str
    forge: str
    base_url: str
    client_id: str
    redirect_uri: str
    verifier: SecretValue
    starter_digest: str
    at_terminal: bool
    actor: str
    expires_at: int


def digest_of(random: SecretValue) -> str:
    """Return SHA-256 (hex) of a random value of 256 bits: it is found by that, and cannot be found out."""
    return hashlib.sha256(random.reveal().encode()).hexdigest()
