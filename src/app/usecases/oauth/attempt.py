"""One attempt to refresh a token, under the lease: the forge is asked once, and what it says is told apart."""

from dataclasses import dataclass
from enum import StrEnum

from app.usecases.oauth.keep_answer import KeepAnswer
from app.usecases.oauth.registration import Registration
from domain.connections import ConnectionFault, FaultKind, fault_after
from domain.errors import DomainError, ForgeFailed, Misconfigured, NeedsReauth, Unreachable, VersionConflict
from domain.instants import SECOND_MS
from domain.oauth import OAuthClient, OAuthToken, TokenAnswer
from domain.ports import Clock, ConnectionFaults, GrantRefused, OAuthTokenStore
from domain.values import SecretValue

_LOOK_AGAIN_MS = 500


class Why(StrEnum):
    """Why a token is refreshed. One that is merely due, or to be checked, may be given out once more if that fails."""

    DUE = "due"
    UNCHECKED = "unchecked"
    REJECTED = "rejected"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshAttempt:
    """Asks, and notes what went wrong. The caller holds the lease of the forge."""

    tokens: OAuthTokenStore
    faults: ConnectionFaults
    keep: KeepAnswer
    registration: Registration
    clock: Clock

    def __call__(self, token: OAuthToken, why: Why) -> OAuthToken:
        """Return `token` refreshed. While it lives and is only due, a fault that may pass gives it as it is.

        Raises `NeedsReauth`, `Misconfigured` or `ForgeFailed`, and as `KeepAnswer` does.
        """
        try:
            client = self.registration.client_of(token)
            if token.refresh_token is None and why is Why.UNCHECKED:
                return self._checked(token, client)
            asked_at = self.clock.now()
            answer = self._answer(token, client, why)
        except (Unreachable, Misconfigured):
            if why in {Why.DUE, Why.UNCHECKED} and token.is_alive(self.clock.now()):
                return token
            raise
        return self.keep(answer.after(token, client, asked_at), client, instead_of=token.version)

    def refuse_hopeless(self, token: OAuthToken) -> ConnectionFault | None:
        """Return what is known against a token of which there is hope.

        Raises `NeedsReauth` if the forge refused it, `Misconfigured` if it is not for what is configured.
        """
        obstacle = self.registration.obstacle(token)
        if obstacle is not None:
            raise obstacle
        fault = self._fault(token)
        if fault is not None and fault.kind is FaultKind.NEEDS_REAUTH:
            raise _needs_reauth(token, fault.reason)
        return fault

    def _answer(self, token: OAuthToken, client: OAuthClient, why: Why) -> TokenAnswer:
        fault = self._fault(token)
        self._refuse_early(fault, client, why)
        if token.refresh_token is None:
            raise self._irreplaceable(token, client)
        self._reserve(token, client, fault)
        try:
            return self._asked(token, token.refresh_token, client, fault, why)
        except DomainError:
            self.keep.give_up_room(token.forge_type)  # there is no answer to be kept
            raise

    def _reserve(self, token: OAuthToken, client: OAuthClient, fault: ConnectionFault | None) -> None:
        try:
            self.keep.make_room(token.forge_type)
        except Unreachable as error:
            self._note(token, client, fault, FaultKind.TRANSIENT, error.message)
            raise

    def _refuse_early(self, fault: ConnectionFault | None, client: OAuthClient, why: Why) -> None:
        """Raise what is known already, so that a forge in trouble is not asked at every call."""
        now = self.clock.now()
        if fault is None or now >= fault.retry_at:
            return
        if not fault.kind.is_final:
            pause = fault.retry_at - now
            raise ForgeFailed(
                f"{fault.reason}; it will be asked again in {-(-pause // SECOND_MS)} s", retry_after_ms=pause
            )
        if why is not Why.ORDERED and fault.client_mark == self.registration.mark(client):
            raise Misconfigured(fault.reason, advice=_what_to_check(client))

    def _irreplaceable(self, token: OAuthToken, client: OAuthClient) -> DomainError:
        """Say what is wrong with a token that nothing refreshes: it has ended, or somebody says that it was refused."""
        is_alive = token.is_alive(self.clock.now()) and self._is_taken(token, client)
        if is_alive is not False:
            return ForgeFailed(
                f"there is nothing to refresh the {token.forge_type} token with, and nothing says that it ended",
                advice="if it is refused, see what the account may do at the forge",
            )
        return self._hopeless(token, client, "the token has ended, and none came with it to refresh it")

    def _asked(
        self,
        token: OAuthToken,
        refresh_token: SecretValue,
        client: OAuthClient,
        fault: ConnectionFault | None,
        why: Why,
    ) -> TokenAnswer:
        try:
            return self.registration.servers[token.forge_type].refresh(client, refresh_token)
        except GrantRefused as error:
            raise self._refused(token, client, fault, error) from None
        except Misconfigured as error:
            self._note(token, client, fault, FaultKind.CONFIG_ERROR, error.message)
            raise
        except ForgeFailed as error:
            self._note(token, client, fault, FaultKind.TRANSIENT, error.message, retry_after_ms=error.retry_after_ms)
            was_good = why is not Why.REJECTED and token.is_alive(self.clock.now())
            if error.may_have_acted and was_good and self._is_taken(token, client) is False:
                # It has ended a token that was good before, so it did act: there is nothing left that it would take.
                raise self._hopeless(token, client, f"its answer to a refresh was lost ({error.message})") from None
            raise

    def _checked(self, token: OAuthToken, client: OAuthClient) -> OAuthToken:
        """Ask the forge about a restored token that nothing refreshes; what it does not say is asked next time."""
        is_taken = self._is_taken(token, client)
        if is_taken is False:
            raise self._hopeless(token, client, "the forge does not take the token that was restored from a backup")
        fault = self._fault(token)
        if is_taken and fault is not None:
            self.faults.forget(fault)
        return token

    def _is_taken(self, token: OAuthToken, client: OAuthClient) -> bool | None:
        return self.registration.servers[token.forge_type].is_alive(client, token.access_token)

    def _refused(
        self, token: OAuthToken, client: OAuthClient, fault: ConnectionFault | None, error: GrantRefused
    ) -> DomainError:
        """Believe a refusal only after a second look: whoever refreshed before us may be just saving."""
        self.clock.wait(_LOOK_AGAIN_MS)
        later = self.tokens.get(token.forge_type)
        if later is None or later.version != token.version:
            return VersionConflict(token.forge_type, expected=token.version, actual=later.version if later else 0)
        lost = fault is not None and fault.kind is FaultKind.TRANSIENT
        return self._hopeless(
            token, client, f"{error.message}; an answer before that was lost" if lost else error.message
        )

    def _hopeless(self, token: OAuthToken, client: OAuthClient, reason: str) -> NeedsReauth:
        self._note(token, client, None, FaultKind.NEEDS_REAUTH, reason)
        return _needs_reauth(token, reason)

    def _note(  # noqa: PLR0913 - a fault is noted with all that is known of it
        self,
        token: OAuthToken,
        client: OAuthClient,
        former: ConnectionFault | None,
        kind: FaultKind,
        reason: str,
        *,
        retry_after_ms: int | None = None,
    ) -> None:
        mark = self.registration.mark(client)
        now = self.clock.now()
        known = self._fault(token)
        if kind is FaultKind.TRANSIENT and known is not None and known.kind is FaultKind.UNCHECKED:
            kind = FaultKind.UNCHECKED  # it is still to be checked
        self.faults.record(
            fault_after(former, token, kind, reason, now=now, client_mark=mark, retry_after_ms=retry_after_ms)
        )

    def _fault(self, token: OAuthToken) -> ConnectionFault | None:
        fault = self.faults.get(token.forge_type)
        return fault if fault is not None and fault.token_version == token.version else None


def _needs_reauth(token: OAuthToken, reason: str) -> NeedsReauth:
    forge = token.forge_type
    return NeedsReauth(f"{forge} needs to be connected again: {reason}", advice=f"`strongroom oauth connect {forge}`")


def _what_to_check(client: OAuthClient) -> str:
    variable = f"STRONGROOM_{client.forge.upper()}"
    return f"check {variable}_CLIENT_ID and {variable}_CLIENT_SECRET; when they change, it is asked at once"
