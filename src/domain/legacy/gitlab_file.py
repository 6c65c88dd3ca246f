"""`gitlab-oauth-token.json`: what the old version kept of GitLab's token response (RFC 6749, section 5.1)."""

from domain.errors import Invalid
from domain.instants import SECOND_MS, in_range, parse_instant
from domain.legacy.text import Malformed, parse_json_object
from domain.oauth import OAuthToken
from domain.values import SecretValue, is_token_line

_SPELLINGS = {
    "access_token": ("access_token", "accessToken"),
    "refresh_token": ("refresh_token", "refreshToken"),
    "token_type": ("token_type", "tokenType"),
    "scope": ("scope", "scopes"),
    "expires_in": ("expires_in", "expiresIn"),
    "expires_at": ("expires_at", "expiresAt"),
    "created_at": ("created_at", "createdAt"),
    "base_url": ("base_url", "baseUrl"),
}
_KNOWN = frozenset(spelling for spellings in _SPELLINGS.values() for spelling in spellings)
_LONGEST_TEXT = 8_192


def parse_gitlab_file(content: bytes, *, mtime: int) -> OAuthToken:
    """Return the token. `mtime` (ms UTC) is when `expires_in` began to count if the file does not say.

    Raises `Malformed` naming the field, never its content.
    """
    document = parse_json_object(content, show_key=_KNOWN.__contains__)
    fields = {name: _one_of(document, *spellings) for name, spellings in _SPELLINGS.items()}
    access_token = _credential(fields, "access_token")
    if access_token is None:
        raise Malformed("access_token is missing")
    return OAuthToken(
        forge_type="gitlab",
        access_token=access_token,
        refresh_token=_credential(fields, "refresh_token"),
        token_type=_text(fields, "token_type"),
        scopes=_scopes(fields["scope"]),
        expires_at=_expiry(fields, mtime),
        base_url=_text(fields, "base_url"),
    )


def _one_of(document: dict[str, object], first: str, second: str) -> object:
    """Read a field under either spelling; null is the same as absent."""
    one, other = document.get(first), document.get(second)
    if one is None or other is None:
        return other if one is None else one
    if repr(_comparable(first, one)) != repr(_comparable(first, other)):
        raise Malformed(f"{first} and {second} are both there and differ")
    return one


def _comparable(field: str, value: object) -> object:
    """A scope may be one text in one spelling and a list in the other; all else must be the same to the letter."""
    return value.split() if field == "scope" and isinstance(value, str) else value


def _text(fields: dict[str, object], name: str) -> str | None:
    value = fields[name]
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise Malformed(f"{name} is not a text, or it is empty")
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        raise Malformed(f"{name} is too long, or holds control characters")
    return value


def _credential(fields: dict[str, object], name: str) -> SecretValue | None:
    value = _text(fields, name)
    if value is None:
        return None
    if not is_token_line(value):
        raise Malformed(f"{name} holds white space")
    return SecretValue(value)


def _scopes(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(w, str) and w.isprintable() for w in words):
        raise Malformed("scope is neither a text nor a list of texts")
    return tuple(words)


def _expiry(fields: dict[str, object], mtime: int) -> int | None:
    """Return when the token expires. All that the file says of it must be right, whichever part is used."""
    expires_at, created_at = _instant(fields, "expires_at"), _instant(fields, "created_at")
    lifetime = fields["expires_in"]
    if lifetime is None:
        return expires_at
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime < 0:
        raise Malformed("expires_in is not a whole number of seconds")
    try:
        counted = in_range((created_at or mtime) + lifetime * SECOND_MS)
    except Invalid as error:
        raise Malformed(f"expires_in: {error.message}") from None
    return expires_at or counted


def _instant(fields: dict[str, object], name: str) -> int | None:
    if fields[name] is None:
        return None
    try:
        return parse_instant(fields[name])
    except Invalid as error:
        raise Malformed(f"{name}: {error.message}") from None
