"""Redaction, the last line of defence of the logs: what is called like a secret, or looks like one, is masked."""

import re
from collections.abc import Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import Any

Event = MutableMapping[str, Any]

_MASK = "********"
_DEEPEST = 8
_HEX_DIGITS = 40
_TOO_DEEP = "…"

_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw(or)?d|passphrase|authorization|cookie|credential|verifier|(api|private|master)[_-]?key)s?$"
)
_NAMED = r"(?:token|secret|passw(?:or)?d|passphrase|verifier|api_?key|master_?key)s?"
_SECRET_TEXT: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("srt_", "gho_", "ghp_", "ghs_", "ghr_", "ghu_", "_pat_"), re.compile(r"((?:srt|gh[opsru]|github_pat)_)[\w.-]+")),
    (("gl",), re.compile(r"(gl(?:pat|oas|dt|rt|rtr|ptt|cbt|ft|soat|imt|agent|ffct|wt)-)[\w.-]+")),
    (
        ("authorization", "cookie", "-token", "-key"),
        re.compile(
            r"(?i)((?:authorization|cookie|-token|-key)"
            r"(?:[\"']?[ \t]*[:=][ \t]*b?[\"']?|[\"'],[ \t]*b?[\"']))[^\r\n\"']+"
        ),
    ),
    (("bearer",), re.compile(r"(?i)(bearer[ \t]+)[^\s\"']+")),
    # Not the word behind it in a sentence.
    (("basic",), re.compile(r"((?i:basic)[ \t]+)(?=[a-z]*[A-Z0-9+/=])[\w+/-]{4,}={0,2}")),
    (("code=", "state="), re.compile(r"(?i)([?&](?:code|state)=)[^&\s\"']+")),
    (("=",), re.compile(rf"(?i)({_NAMED}=[\"']?)[^&\s\"']+")),
    (("'", '"'), re.compile(rf"(?i)({_NAMED}[\"'][ \t]*:[ \t]*b?[\"'])(?:[^\"'\\]|\\.)+")),
    # Up to the last @: a password may hold one, and a slash, too.
    (("@",), re.compile(r"(://[^\s/@:]*:)\S{1,1000}(?=@)")),
    (("@",), re.compile(r"(://)[^\s/@:]+(?=@)")),
    (("eyj",), re.compile(r"(eyJ)[\w.-]{8,}")),  # a JSON Web Token
    (("=",), re.compile(r"((?<![A-Za-z0-9+/]))[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])")),  # a key of 32 bytes
)
"""How secrets look, each behind what the text in small letters must hold: to look for that takes next to no time."""

_OF_TOKENS = (
    "token",
    "secret",
    "passw",
    "authori",
    "credential",
    "bearer",
    "basic",
    "api_key",
    "api-key",
    "forgejo",
    "gitea",
)
_FORTY_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{40}(?![0-9A-Za-z])")
"""How a token of Forgejo looks, and a commit as well: masked only where the text is about tokens."""

_PLAIN = frozenset(("event", "exception", "level", "logger", "timestamp", *("request_id", "method", "route", "status")))
"""Names of every line, which need no look. Their values do."""


def masked(_logger: object, _method: str, event: Event) -> Event:
    """Mask what is called like a secret, and what looks like one inside a text, at any depth."""
    return _masked_mapping(event, 0)


def _masked_mapping(values: Mapping[Any, object], depth: int) -> dict[str, object]:
    """Mask values, and the keys, too: what came from outside may be either."""
    masked_values: dict[str, object] = {}
    for key, value in values.items():
        if key in _PLAIN:
            masked_values[key] = _masked_value(value, depth + 1)
            continue
        name = _text_of(key)
        hidden = _SECRET_NAME.search(name) and not isinstance(value, bool | int | float | None)
        masked_values[_masked_text(name)] = _MASK if hidden else _masked_value(value, depth + 1)
    return masked_values


def _masked_value(value: object, depth: int) -> object:
    """Return `value` in terms of JSON. What is none of them becomes a text here, before a renderer does it unmasked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return _masked_mapping(value, depth)
    if isinstance(value, list | tuple | AbstractSet):
        return [_masked_value(item, depth + 1) for item in value]
    return _masked_text(_text_of(value))


def _text_of(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a line that says less is better than none
        return f"<{type(value).__name__}>"


def _masked_text(text: str) -> str:
    small = text.lower()
    for hints, pattern in _SECRET_TEXT:
        for hint in hints:
            if hint in small:
                text = pattern.sub(rf"\g<1>{_MASK}", text)
                break
    if len(text) >= _HEX_DIGITS and any(word in small for word in _OF_TOKENS):
        text = _FORTY_HEX.sub(_MASK, text)
    return text
