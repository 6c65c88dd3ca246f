"""Small values that are right by construction: names, keys, secret values, durations.

Names stay plain strings (a store accepts them as such); the functions here decide which strings are names.
"""

import hmac
import re
from typing import Self
from urllib.parse import urlsplit

from domain.errors import Invalid
from domain.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

FORGES = ("forgejo", "github", "gitlab")
AGENT_TOKEN_PREFIX = "agent_token:"  # noqa: S105 - a prefix of names, no token
PENPOT_TOKEN = "penpot_api_token"  # noqa: S105 - a name, no token
SECRET_LIMIT = 65_536
"""The most bytes of UTF-8 that a secret may hold."""

TEXT_LIMIT = 1_024
"""The most characters of a session key or a session id."""

AGENT_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
SECRET_NAME_PATTERN = r"[a-z][a-z0-9_]*(:[A-Za-z0-9._:/=-]{1,200})?"  # noqa: S105 - a pattern of names
_VISIBLE = "[^\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_AGENT_NAME = re.compile(AGENT_PATTERN)
_SECRET_NAME = re.compile(SECRET_NAME_PATTERN)
_SESSION_KEY = re.compile(rf"(?:forgejo|github|gitlab):{AGENT_PATTERN}:{_VISIBLE}+:[A-Za-z0-9#!._-]{{1,64}}")
# Plain ASCII is tried first: its class is a bitmap, and a million ids are read twice.
_SESSION_ID = re.compile(rf"[!-~]{{1,{TEXT_LIMIT}}}|(?=\s*\S){_VISIBLE}{{1,{TEXT_LIMIT}}}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


class SecretValue:
    """A text that must not be shown. `reveal` is the only way to it; every other form says nothing.

    Pickling keeps nothing either: what comes back refuses to be revealed, so that a lost value is
    noticed and never taken for an empty one.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text: str | None = text

    def reveal(self) -> str:
        """Return the secret itself."""
        if self.__text is None:
            raise Invalid("this secret was left behind when it was pickled")
        return self.__text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return hmac.compare_digest(
            self.reveal().encode("utf-8", "surrogatepass"),
            other.reveal().encode("utf-8", "surrogatepass"),
        )

    def __hash__(self) -> int:
        return hash(self.__text)

    def __repr__(self) -> str:
        return "SecretValue('**********')"

    def __str__(self) -> str:
        return "**********"

    def __format__(self, _spec: str) -> str:
        return "**********"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (_withheld, ())


def _withheld() -> SecretValue:
    return SecretValue(None)  # type: ignore[arg-type]  # the one way to a value that cannot be revealed


def parse_forge(raw: str) -> str:
    """Return `raw` if it names a forge; raises `Invalid`."""
    if raw not in FORGES:
        raise Invalid("not a forge", advice=f"one of {', '.join(FORGES)}")
    return raw


def is_agent_name(raw: str) -> bool:
    """Tell whether `raw` can name an agent."""
    return _AGENT_NAME.fullmatch(raw) is not None


def parse_agent_name(raw: str) -> str:
    """Return `raw` if it can name an agent; raises `Invalid`."""
    if not is_agent_name(raw):
        raise Invalid(
            "not an agent name",
            advice="letters, digits, dot, underscore and hyphen, a letter or digit first, at most 64",
        )
    return raw


def agent_token_name(agent: str) -> str:
    """Name the secret that holds `agent`'s token; raises `Invalid` for what is no agent name."""
    return AGENT_TOKEN_PREFIX + parse_agent_name(agent)


def parse_secret_name(raw: str) -> str:
    """Return `raw` if it can name a secret; raises `Invalid`."""
    if not _SECRET_NAME.fullmatch(raw):
        raise Invalid(
            "not a secret's name",
            advice="a lower-case word, then if need be a colon and up to 200 of A-Z a-z 0-9 . _ : / = -",
        )
    if raw.startswith(AGENT_TOKEN_PREFIX):
        parse_agent_name(raw.removeprefix(AGENT_TOKEN_PREFIX))
    return raw


def holds_token(name: str) -> bool:
    """Tell whether the secret `name` is a token, whose value is one line."""
    return name == PENPOT_TOKEN or name.startswith(AGENT_TOKEN_PREFIX)


def parse_secret_value(name: str, text: str) -> SecretValue:
    """Return `text` as the value of the secret `name`: at most 64 KiB of UTF-8, a token one line.

    Raises `Invalid`, without the value.
    """
    if is_broken_text(text):
        raise Invalid("the value is not text that UTF-8 can hold")
    if len(text.encode()) > SECRET_LIMIT:
        raise Invalid(f"the value is longer than {SECRET_LIMIT} bytes")
    if holds_token(name) and not is_token_line(text):
        raise Invalid("a token is one line, not empty, without white space or control characters")
    return SecretValue(text)


def is_token_line(text: str) -> bool:
    """Tell whether `text` is what a token looks like: visible characters, at least one, nothing else."""
    return bool(text) and text.isprintable() and " " not in text


def parse_session_key(raw: str) -> str:
    """Return `raw` if it is `<forge>:<agent>:<repo>:<issue>`; raises `Invalid`."""
    if len(raw) > TEXT_LIMIT or not _SESSION_KEY.fullmatch(raw):
        raise Invalid("not a session key", advice="<forge>:<agent>:<repo>:<issue>")
    return raw


def parse_session_id(raw: object) -> str:
    """Return `raw` if it can be an SDK session id: visible text of at most 1024 characters; raises `Invalid`."""
    if not isinstance(raw, str):
        raise Invalid("not a session id: not a text")
    if _SESSION_ID.fullmatch(raw):
        return raw
    if not raw.strip():
        raise Invalid("not a session id: empty")
    raise Invalid("not a session id: too long, or with control characters")


def has_control(text: str) -> bool:
    """Tell whether `text` holds a control character or a half of a surrogate pair."""
    return _CONTROL.search(text) is not None


def is_broken_text(text: str) -> bool:
    """Tell whether `text` cannot be stored everywhere: a lone surrogate, or NUL (which PostgreSQL refuses)."""
    return _BROKEN.search(text) is not None


def is_base_url(text: str) -> bool:
    """Tell whether `text` is an address that paths can be put behind: http or https, a host, no user, no query."""
    try:
        parts = urlsplit(text)
        return bool(
            parts.scheme in {"http", "https"}
            and parts.hostname
            and (parts.port is None or parts.port)
            and not (parts.query or parts.fragment or "@" in parts.netloc)
        )
    except ValueError:
        return False


def parse_duration(raw: str) -> int:
    """Read `90d`, `12h`, `30m` or `45s` as milliseconds; raises `Invalid`."""
    match = _DURATION.fullmatch(raw)
    if match is None:
        raise Invalid("not a duration", advice="a number and one of s, m, h, d, such as 90d")
    return int(match[1]) * _UNITS_MS[match[2]]
