"""Whether a message keeps quiet about the content of a file."""

import inspect
import json.decoder

import domain.instants
import domain.legacy.gitlab_file
import domain.legacy.sessions_file
import domain.legacy.text
import domain.legacy.token_file
import domain.values
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
        leaked = {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)} & (_grams(said) - _FIXED)
        assert not leaked
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def _fixed_words() -> set[str]:
    """What stands in the code that makes the messages: content that is so by chance is not quoted by them."""
    rooms = (domain.legacy.text, domain.legacy.gitlab_file, domain.legacy.sessions_file, domain.legacy.token_file)
    modules = (*rooms, domain.instants, domain.values, json.decoder)
    return set().union(*(_grams(inspect.getsource(module)) for module in modules))


def _grams(said: str) -> set[str]:
    return {said[i : i + _GRAM] for i in range(len(said) - _GRAM + 1)}


_FIXED = _fixed_words()
