"""Connect a forge: send the operator there with a `state`, and take what he comes back with (RFC 6749, section 4.1)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from urllib.parse import parse_qsl, urlsplit

from app.audit import acting_as, current_actor
from app.usecases.oauth.registration import Registration
from domain.audit import Action
from domain.connections import AUTHORIZATION_TTL_MS, PendingAuthorization, digest_of
from domain.errors import DomainError, Invalid, Misconfigured, NotAllowed
from domain.oauth import OAuthClient, OAuthToken
from domain.ports import AuditLog, Clock, OAuthTokenStore, PendingAuthorizations
from domain.values import SecretValue, is_base_url, parse_forge

_RANDOM_BYTES = 32
_LONGEST_ERROR = 200


class AuthorizationRefused(NotAllowed):
    """What came back from a forge was not begun here, is too old, or says no."""

    code = "authorization_refused"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the operator, and the `state` by which he is known again, which the address has in it."""

    url: str = field(repr=False)
    state: SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginAuthorization:
    """Any number can be open at a time, in as many tabs; each is good for ten minutes and one use."""

    pending: PendingAuthorizations
    registration: Registration
    clock: Clock

    def __call__(self, forge: str, *, starter: SecretValue, at_terminal: bool = False) -> Begun:
        """Begin to connect `forge`; only who shows `starter` can finish it. Raises `Misconfigured` or `Invalid`."""
        client = self.registration.client(parse_forge(forge))
        if not is_base_url(client.redirect_uri):
            raise Misconfigured(
                "nobody can be sent back to the public address that is configured",
                advice="set STRONGROOM_PUBLIC_URL to the address by which browsers reach the service",
            )
        state, verifier = new_random(), new_random()
        url = self.registration.servers[forge].authorization_url(client, state=state, verifier=verifier)
        self.pending.add(
            PendingAuthorization(
                state_digest=digest_of(state),
                forge=forge,
                base_url=client.base_url,
                client_id=client.id,
                redirect_uri=client.redirect_uri,
                verifier=verifier,
                starter_digest=digest_of(starter),
                at_terminal=at_terminal,
                actor=current_actor(),
                expires_at=self.clock.now() + AUTHORIZATION_TTL_MS,
            )
        )
        return Begun(url, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishAuthorization:
    """Nothing of what comes back is believed, shown or sent on before its `state` was found and taken."""

    pending: PendingAuthorizations
    registration: Registration
    tokens: OAuthTokenStore
    audit: AuditLog
    clock: Clock

    def __call__(self, forge: str, answer: SecretValue, *, starter: SecretValue | None) -> OAuthToken:
        """Connect `forge` with the query string that it sent its user back with.

        Raises `AuthorizationRefused`, `GrantRefused`, `Misconfigured` or `ForgeFailed`.
        """
        said = parse_answer(answer)
        begun = self._taken(forge, said, starter)
        client = self._client(begun)
        _refuse_other_issuer(self.registration.servers[forge].issuers(client), said)
        _refuse_denial(forge, said)
        with acting_as(begun.actor):
            return self._connected(begun, client, SecretValue(said["code"]))

    def waits_at_terminal(self, forge: str, answer: SecretValue) -> bool:
        """Lay down what came back for the terminal that began it; tells whether one waits for this answer."""
        state = parse_answer(answer).get("state", "")
        begun = self.pending.find(digest_of(SecretValue(state)))
        if begun is None or not begun.at_terminal or begun.forge != forge:
            return False
        self.pending.hand_over(begun.state_digest, answer)
        return True

    def _taken(self, forge: str, said: Mapping[str, str], starter: SecretValue | None) -> PendingAuthorization:
        begun = None
        if "state" in said and starter is not None:
            digest = digest_of(SecretValue(said["state"]))
            begun = self.pending.take(digest, forge=forge, starter_digest=digest_of(starter))
        if begun is None:
            raise AuthorizationRefused(
                "this login was not begun here, was begun more than ten minutes ago, or was used already",
                advice="begin again, and finish in the same browser",
            )
        return begun

    def _client(self, begun: PendingAuthorization) -> OAuthClient:
        client = self.registration.client(begun.forge)
        if (client.base_url, client.id) != (begun.base_url, begun.client_id):
            raise Misconfigured(f"the OAuth client of {begun.forge} was changed meanwhile", advice="begin again")
        return replace(client, redirect_uri=begun.redirect_uri)

    def _connected(self, begun: PendingAuthorization, client: OAuthClient, code: SecretValue) -> OAuthToken:
        server, asked_at = self.registration.servers[begun.forge], self.clock.now()
        token = server.exchange(client, code, begun.verifier).first(client, asked_at)
        with suppress(DomainError):  # whose it is, is good to know; the token is good without
            token = replace(token, account=server.account(client, token.access_token))
        with self.audit.atomic():
            version = self.tokens.upsert(token)
            self.audit.record(current_actor(), Action.OAUTH_CONNECT, begun.forge, detail=f"version {version}")
        return token.at_version(version)


def new_random() -> SecretValue:
    """Return 256 random bits as a text that can stand in an address."""
    return SecretValue(token_urlsafe(_RANDOM_BYTES))


def parse_answer(answer: SecretValue) -> Mapping[str, str]:
    """Read a query string, of which each name may come once; raises `Invalid`."""
    pairs = parse_qsl(answer.reveal(), keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise Invalid("the address says the same thing twice", advice="begin again")
    return dict(pairs)


def query_of(address: SecretValue) -> SecretValue:
    """Return the query string of an address that was copied from a browser; raises `Invalid` if it has none."""
    try:
        query = urlsplit(address.reveal().strip()).query
    except ValueError:
        query = ""
    if not query:
        raise Invalid(
            "that is not the address that the forge sent the browser back to",
            advice="copy the whole address from the browser: it has `code=` and `state=` in it",
        )
    return SecretValue(query)


def _refuse_other_issuer(issuers: frozenset[str], said: Mapping[str, str]) -> None:
    """Raise `AuthorizationRefused` if the answer names another server than we asked (RFC 9207, section 2.4)."""
    if "iss" in said and said["iss"].rstrip("/") not in issuers:
        raise AuthorizationRefused(
            f"the answer is from another server than {' or '.join(sorted(issuers))}",
            advice="see that the forge's address is configured as it calls itself",
        )


def _refuse_denial(forge: str, said: Mapping[str, str]) -> None:
    """Raise `AuthorizationRefused` for an answer that is none. Its words are the forge's, cut and made harmless."""
    if said.get("code") and "error" not in said:
        return
    words = said.get("error_description") or said.get("error") or "it sent no code"
    shown = "".join(c if c.isprintable() else " " for c in words)[:_LONGEST_ERROR]
    raise AuthorizationRefused(f"{forge} says no: {shown}", advice="begin again, and allow the access there")
