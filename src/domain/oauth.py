"""OAuth tokens of the operator, one a forge, and what a forge answers when it gives one."""

from dataclasses import dataclass, field, replace

from domain.errors import Invalid
from domain.instants import END_MS, MINUTE_MS, in_range
from domain.values import SecretValue, is_broken_text, parse_forge

_MARGIN_MS = MINUTE_MS
_PART_OF_LIFE = 10
_MARGINS_AHEAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """What we are registered as at a forge, and where its users are sent back to.

    `base_url` has no slash at its end and may have a path. Without a `secret` the client is a public
    one (RFC 6749, section 2.1); an empty `id` says that we are not registered. `scopes` is what is asked for.
    Where nobody has set an address, `base_url` is the forge's public one, and a token's own goes before it.
    """

    forge: str
    base_url: str
    id: str
    secret: SecretValue | None
    redirect_uri: str
    scopes: tuple[str, ...]
    is_address_set: bool = True

    def for_token(self, token: "OAuthToken") -> "OAuthClient":
        """Return the client as `token` is used with it: at the address that the token says, if none is set."""
        if self.is_address_set or token.base_url is None:
            return self
        return replace(self, base_url=token.base_url.rstrip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthToken:
    """What a forge gave us. What it did not say is None; instants in milliseconds UTC.

    `version` is the store's: 0 on a token that was never stored, and it grows with every upsert. So is
    `updated_at`, when the token was stored. Tokens are equal when the forge said the same of them;
    what we note beside that does not count, and the old file format does not hold it: the client that
    it was given to, the `account` that it acts for, when it was asked for (`issued_at`), when its
    refresh token ends, when the forge was connected, and when the token was refreshed last.
    Building one raises `Invalid` for an unknown forge and for tokens that no store can hold.
    """

    forge_type: str
    access_token: SecretValue
    refresh_token: SecretValue | None = None
    token_type: str | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: int | None = None
    base_url: str | None = None
    version: int = 0
    updated_at: int | None = field(default=None, compare=False)
    client_id: str | None = field(default=None, compare=False)
    account: str | None = field(default=None, compare=False)
    issued_at: int | None = field(default=None, compare=False)
    refresh_expires_at: int | None = field(default=None, compare=False)
    connected_at: int | None = field(default=None, compare=False)
    refreshed_at: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        parse_forge(self.forge_type)
        if not self.access_token.reveal():
            raise Invalid("the access token is empty")
        tokens = (token.reveal() for token in (self.access_token, self.refresh_token) if token)
        said = (self.token_type or "", self.base_url or "", self.client_id or "", self.account or "")
        if any(map(is_broken_text, (*tokens, *said, *(self.scopes or ())))):
            raise Invalid("the token, or what is said of it, is not text that UTF-8 can hold")
        if self.expires_at is not None:
            in_range(self.expires_at)

    def same_credentials(self, other: "OAuthToken") -> bool:
        """Tell whether both carry the same secrets, whatever else is said beside them."""
        return self.access_token == other.access_token and self.refresh_token == other.refresh_token

    def at_version(self, version: int) -> "OAuthToken":
        """Return the token as a store gave it `version`."""
        return replace(self, version=version)

    def is_due(self, now: int) -> bool:
        """Tell whether to refresh: less than a minute, or a tenth of its life if that is less, remains.

        Not earlier, for a refresh ends the access token that others are using just now.
        """
        if self.expires_at is None:
            return False
        if self.refresh_token is None:
            return not self.is_alive(now)
        return self.expires_at - now < self._margin(self.expires_at)

    def is_due_soon(self, now: int) -> bool:
        """Tell whether it can be refreshed, and will be due before it is looked at twice more, once a minute."""
        if self.expires_at is None or not self.can_be_refreshed(now):
            return False
        return self.expires_at - now < self._margin(self.expires_at) * _MARGINS_AHEAD

    def _margin(self, expires_at: int) -> int:
        life = _MARGIN_MS * _PART_OF_LIFE if self.issued_at is None else expires_at - self.issued_at
        return min(_MARGIN_MS, life // _PART_OF_LIFE)

    def can_be_refreshed(self, now: int) -> bool:
        """Tell whether there is a refresh token, and it has not ended as far as its forge said."""
        ends = self.refresh_expires_at
        return self.refresh_token is not None and (ends is None or now < ends)

    def is_alive(self, now: int) -> bool:
        """Tell whether the access token is still good, as far as its forge said when it gave it."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A forge's answer to a code or a refresh token (RFC 6749, section 5.1), checked. Lifetimes in milliseconds."""

    access_token: SecretValue
    refresh_token: SecretValue | None = None
    token_type: str | None = None
    scopes: tuple[str, ...] | None = None
    lifetime_ms: int | None = None
    refresh_lifetime_ms: int | None = None

    def first(self, client: OAuthClient, asked_at: int) -> OAuthToken:
        """Return the token of a forge that was just connected.

        It lives from when it was asked for, by our own clock: the forge's may be wrong.
        """
        return OAuthToken(
            forge_type=client.forge,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            token_type=self.token_type,
            scopes=self.scopes,
            expires_at=_after(asked_at, self.lifetime_ms),
            base_url=client.base_url,
            client_id=client.id,
            issued_at=asked_at,
            refresh_expires_at=_after(asked_at, self.refresh_lifetime_ms),
            connected_at=asked_at,
        )

    def after(self, token: OAuthToken, client: OAuthClient, asked_at: int) -> OAuthToken:
        """Return `token` refreshed. A refresh token that was not replaced stays good (RFC 6749, section 6)."""
        replaced = self.refresh_token is not None
        ends = _after(asked_at, self.refresh_lifetime_ms)
        return replace(
            token,
            access_token=self.access_token,
            refresh_token=self.refresh_token if replaced else token.refresh_token,
            token_type=self.token_type or token.token_type,
            scopes=token.scopes if self.scopes is None else self.scopes,
            expires_at=_after(asked_at, self.lifetime_ms),
            base_url=token.base_url or client.base_url,
            client_id=token.client_id or client.id,
            issued_at=asked_at,
            refresh_expires_at=ends if replaced else token.refresh_expires_at,
            refreshed_at=asked_at,
        )


def _after(start: int, lifetime_ms: int | None) -> int | None:
    return None if lifetime_ms is None else min(start + lifetime_ms, END_MS - 1)
