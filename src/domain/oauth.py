"""OAuth tokens of the operator, one a forge."""

from dataclasses import dataclass, field

from domain.errors import Invalid
from domain.instants import in_range
from domain.values import SecretValue, is_broken_text, parse_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What may be shown of a forge's token; the fields are the token's."""

    scopes: tuple[str, ...] | None
    expires_at: int | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthToken:
    """What a forge gave us. What it did not say is None; `expires_at` in milliseconds UTC.

    `version` is the store's: 0 on a token that was never stored, and it grows with every upsert. So is
    `updated_at`, when the token was stored (ms UTC), None where that is not known; tokens that differ
    in it only are equal.
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

    def __post_init__(self) -> None:
        parse_forge(self.forge_type)
        if not self.access_token.reveal():
            raise Invalid("the access token is empty")
        tokens = (token.reveal() for token in (self.access_token, self.refresh_token) if token)
        if any(map(is_broken_text, (*tokens, self.token_type or "", self.base_url or "", *(self.scopes or ())))):
            raise Invalid("the token, or what is said of it, is not text that UTF-8 can hold")
        if self.expires_at is not None:
            in_range(self.expires_at)

    @property
    def connection(self) -> "Connection":
        """What may be shown of the token."""
        return Connection(scopes=self.scopes, expires_at=self.expires_at, version=self.version)

    def same_credentials(self, other: "OAuthToken") -> bool:
        """Tell whether both carry the same secrets, whatever else is said beside them."""
        return self.access_token == other.access_token and self.refresh_token == other.refresh_token
