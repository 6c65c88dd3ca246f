"""Kinds of settings: each reads a text, and raises `Invalid` for what is none of its kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from domain.backups import Retention, parse_retention
from domain.errors import Invalid
from domain.values import TEXT_LIMIT, is_base_url

_DIGITS: Final = 9
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_SCHEMES: Final = ("sqlite:///", "postgresql+psycopg://")


def flag(text: str) -> bool:
    """Read 1 or 0, and words for them."""
    if text.lower() not in _TRUE | _FALSE:
        raise Invalid("neither 1 nor 0")
    return text.lower() in _TRUE


def number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if len(text) > _DIGITS or not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise Invalid(f"not a whole number from {low} to {high}")
        return int(text)

    return parse


def path(text: str) -> Path:
    """Read a path; `~` is a home."""
    return Path(text).expanduser().absolute()


def database_url(text: str) -> str:
    """Read the URL of a database that we can be kept in."""
    if not text.startswith(_SCHEMES):
        raise Invalid(f"not a database URL: {' or '.join(s + '…' for s in _SCHEMES)} was expected")
    return text


def keyring_entry(text: str) -> str:
    """Read `service/username`."""
    service, _, username = text.partition("/")
    if not (service and username):
        raise Invalid("not an entry of a keyring: service/username was expected")
    return text


def visible_text(text: str) -> str | None:
    """Read a text that can be shown; an empty one is None."""
    if text and (len(text) > TEXT_LIMIT or not text.isprintable() or text.isspace()):
        raise Invalid(f"not visible text of at most {TEXT_LIMIT} characters")
    return text or None


def address(text: str) -> str | None:
    """Read an address that paths can be put behind; an empty text is None.

    The characters are looked at, too: what reads an address leaves out line ends in it and blanks around it.
    """
    if text and not (is_base_url(text) and len(text) <= TEXT_LIMIT and text.isprintable() and " " not in text):
        raise Invalid(
            "not an address that paths can be put behind", advice="http:// or https:// and a host, no user, no query"
        )
    return text or None


def retention(text: str) -> Retention | None:
    """Read which backups are kept; an empty text is None."""
    return parse_retention(text) if text else None


def inner_path(text: str) -> str:
    """Read a path that is one inside of a container."""
    if not text.startswith("/") or len(text) > TEXT_LIMIT or not text.isprintable():
        raise Invalid("not an absolute path")
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """Return what reads one of `words`."""

    def parse(text: str) -> str:
        if text not in words:
            raise Invalid(f"not one of {', '.join(words)}")
        return text

    return parse
