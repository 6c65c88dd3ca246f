"""Whether a message keeps quiet about the content of a file."""

from domain.errors import DomainError

_GRAM = 5
_PUBLIC = (
    "access_token", "accessToken", "refresh_token", "refreshToken", "token_type", "tokenType", "scopes", "scope",
    "expires_in", "expiresIn", "expires_at", "expiresAt", "created_at", "createdAt", "base_url", "baseUrl",
    "last_used_at", "lastUsedAt", "NaN", "Infinity", "gitlab",
)  # fmt: skip


def assert_says_nothing_of(content: bytes, error: DomainError) -> None:
    """Fail if five characters in a row of `content`, beside the names of fields, are in what `error` says."""
    said = f"{error} {error!r} {error.message} {error.advice}"
    for word in _PUBLIC:
        said = said.replace(word, "\x00")
        content = content.replace(word.encode(), b"")
    for text in (content.decode("latin-1"), content.decode("utf-8", "replace")):
        leaked = {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)} & _grams(said)
        assert not leaked
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def _grams(said: str) -> set[str]:
    return {said[i : i + _GRAM] for i in range(len(said) - _GRAM + 1)}
