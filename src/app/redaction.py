"""Redaction, the last line of defence of the logs: what is called like a secret, or looks like one, is masked."""

import re
from collections.abc import Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import Any

Event = MutableMapping[str, Any]

_MASK = "********"
_DEEPEST = 8
_HEX_DIGITS = 40
_KEY_LENGTH = 43
_TOO_DEEP = "…"

# What is about a secret and none: its kind, its name, where it lies.
_ABOUT = (
    r"[_-](?:type|kind|id|name|count|file|path|url|uri|endpoint|version|status|method|source|fingerprint|expires|expiry)"
    r"(?:s|_at|_in)?(?![\w-])"
)
# Of several words the last one counts.
_SECRET_NAME = re.compile(
    r"(?is).*(?:token|secret|passw(?:or)?d|passphrase|authorization|cookie|credential|verifier|(?:api|private|master)[_-]?key"
    rf"|(?<![a-z])auth(?![a-z]))s?(?!{_ABOUT})(?P<more>[\w-]*)$"
)

# A name inside a text. Behind the ones that are `counted` there may be how many there are, or a sentence.
_NAMED = (
    r"(?i:(?P<counted>token|secrets)|secret(?!s)|passw(?:or)?d|passphrase|verifier|credential"
    rf"|(?:api|private|master)_?key|(?<![a-z])auth(?![a-z]))(?i:(?!{_ABOUT}))[\w-]{{0,40}}+"
)
_NAMES = (
    "token",
    "secret",
    "passw",
    "passphrase",
    "verifier",
    "credential",
    "apikey",
    "tekey",
    "erkey",
    "_key",
    "auth",
)
# A quote in front of a word begins another text: the one before it was cut off.
# JSON in JSON has backslashes before its quotes, a URL has its own way to write all of them.
_QUOTE = r"(?:\\{0,15}[\"']|%(?:25){0,3}22)"
_EQUALS, _COLON, _AMPERSAND = r"(?:=(?!=)|%(?:25){0,3}3[dD])", r"(?::|%(?:25){0,3}3[aA])", r"(?:&|%(?:25){0,3}26)"
# Behind "token: " there may be a sentence, or how many there are.
_SAID = r"(?:[a-zA-Z]?[a-z]{1,15}|[0-9]{1,5})[,.;:]?(?:\s|$)"
_NAMED_VALUES = (
    re.compile(
        rf"(?s)({_NAMED}{_QUOTE}?[ \t]{{0,8}}(?:{_EQUALS}|{_COLON})[ \t]{{0,8}}b?(?P<quote>{_QUOTE}))"
        r"(?:(?!(?<!\\)(?P=quote)(?!\w)).)+"
    ),
    re.compile(
        rf"({_NAMED}(?:{_QUOTE}?[ \t]{{0,8}}{_EQUALS}[ \t]{{0,8}}|:[ \t]{{1,8}}(?(counted)(?!{_SAID}))))"
        rf"(?:(?!{_AMPERSAND})[^\s\"'])+"
    ),
)
_BEHIND_NAMES = ("=", ": ", ":\t", '"', "'", "%")

_SECRET_TEXT: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (
        ("private key",),
        re.compile(r"(?s)(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----).*?(?=-----END |\Z)"),
    ),
    (("srt_", "gho_", "ghp_", "ghs_", "ghr_", "ghu_", "_pat_"), re.compile(r"((?:srt|gh[opsru]|github_pat)_)[\w.-]+")),
    (("gl",), re.compile(r"(gl(?:pat|oas|dt|rt|rtr|ptt|cbt|ft|soat|imt|agent|ffct|wt)-)[\w.-]+")),
    (
        ("authorization", "cookie", "-token", "-key"),
        re.compile(
            rf"(?i)((?:authorization|cookie|-token|-key)"
            rf"(?:{_QUOTE}?[ \t]{{0,8}}[:=][ \t]{{0,8}}b?{_QUOTE}?|[\"'],[ \t]{{0,8}}b?[\"']))[^\r\n\"']+"
        ),
    ),
    (("bearer",), re.compile(r"(?i)(bearer[ \t]+)[^\s\"']+")),
    # Not the word behind it in a sentence.
    (("basic",), re.compile(r"((?i:basic)[ \t]+)(?=[a-z]*[A-Z0-9+/=])[\w+/-]{4,}={0,2}")),
    (("code=", "state="), re.compile(r"(?i)([?&](?:code|state)=)[^&\s\"']+")),
    # Up to the last @: a password may hold one, and a slash, too.
    (("@",), re.compile(r"(://[^\s/@:]*:)\S{1,1000}(?=@)")),
    (("@",), re.compile(r"(://)[^\s/@:]+(?=@)")),
    (("eyj",), re.compile(r"(eyJ)[\w.-]{8,}")),  # a JSON Web Token
    (("=",), re.compile(r"((?<![A-Za-z0-9+/]))[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])")),  # a key of 32 bytes
)
"""How secrets look, each behind what the text in small letters must hold: to look for that takes next to no time."""

# Small letters and capitals: what has one of them only is a name, or hexadecimal.
_KEY_FOR_URLS = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Z0-9_-]{0,42}[a-z])(?=[a-z0-9_-]{0,42}[A-Z])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])=?"
)
"""A key of 32 bytes in the base64 of URLs."""

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

_PLAIN = frozenset(
    (
        "event",
        "exception",
        "level",
        "logger",
        "timestamp",
        *("request_id", "method", "route", "status", "actor", "duration_ms"),
    )
)
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
        masked_values[masked_text(name)] = _MASK if _is_called_secret(name, value) else _masked_value(value, depth + 1)
    return masked_values


def _is_called_secret(name: str, value: object) -> bool:
    """Tell whether `name` says that `value` is a secret: by its last word for anything, by any word for a text."""
    if value is None or isinstance(value, bool | int | float):
        return False
    if not (found := _SECRET_NAME.match(name)):
        return False
    return not found["more"] or not isinstance(value, Mapping | list | tuple | AbstractSet)


def _masked_value(value: object, depth: int) -> object:
    """Return `value` in terms of JSON. What is none of them becomes a text here, before a renderer does it unmasked."""
    if type(value) is str:  # nearly always
        return masked_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return _masked_mapping(value, depth)
    if isinstance(value, list | tuple | AbstractSet):
        return [_masked_value(item, depth + 1) for item in value]
    return masked_text(_text_of(value))


def _text_of(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a line that says less is better than none
        return f"<{type(value).__name__}>"


def masked_text(text: str) -> str:
    """Return `text` with everything in it masked that looks like a secret."""
    small = text.lower()
    for hints, pattern in _SECRET_TEXT:
        for hint in hints:
            if hint in small:
                text = pattern.sub(rf"\g<1>{_MASK}", text)
                break
    if any(name in small for name in _NAMES) and any(sign in text for sign in _BEHIND_NAMES):
        for pattern in _NAMED_VALUES:
            text = pattern.sub(rf"\g<1>{_MASK}", text)
    if len(text) >= _HEX_DIGITS and any(word in small for word in _OF_TOKENS):
        text = _FORTY_HEX.sub(_MASK, text)
    if len(text) >= _KEY_LENGTH:
        text = _KEY_FOR_URLS.sub(_MASK, text)
    return text
