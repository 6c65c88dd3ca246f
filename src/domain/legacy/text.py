"""From bytes to text and JSON, strictly: UTF-8 only, no duplicate keys, no NaN; faults are located, never quoted."""

import json
import re
from collections.abc import Callable
from typing import NoReturn

from domain.errors import DomainError

_BOM = b"\xef\xbb\xbf"
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>-?Infinity|NaN)', re.DOTALL)

_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    type(None): "null",
}

Pairs = list[tuple[str, object]]


class Malformed(DomainError):
    """A legacy file is not what the old version wrote. The message says what and where, never the content."""

    code = "malformed"


class _DuplicateKey(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class _NotANumber(ValueError):
    pass


def decode_utf8(content: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark; raises `Malformed`."""
    if not content:
        raise Malformed("empty file")
    if not content.strip(b"\x00"):
        raise Malformed("nothing but NUL bytes, as a power cut leaves behind")
    text = content.removeprefix(_BOM)
    bad_byte = None
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        bad_byte = len(content) - len(text) + error.start + 1
    # Raised out here, so that no traceback carries an error that carries the content.
    raise Malformed(f"not UTF-8: byte {bad_byte}")


def parse_json_object(content: bytes, *, show_key: Callable[[str], bool]) -> dict[str, object]:
    """Parse one JSON object; raises `Malformed` for all else, duplicate keys and NaN anywhere included.

    A key is named in a message only where `show_key` says that it is no secret.
    """
    text = decode_utf8(content)
    if not text.strip():
        raise Malformed("empty file: nothing but white space")
    document, fault = _loaded(text, show_key)
    if fault is not None:
        raise Malformed(fault)
    if not isinstance(document, dict):
        raise Malformed(f"a JSON object was expected, and this is {_kind_of(document)}")
    return document


def _loaded(text: str, show_key: Callable[[str], bool]) -> tuple[object, str | None]:
    """Return the document, or what is wrong with it: the errors of `json` carry the text, so none leaves here."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant), None
    except json.JSONDecodeError as error:
        return None, f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except _DuplicateKey as error:
        return None, f"the key {error.key!r} stands twice" if show_key(error.key) else "a key stands twice"
    except _NotANumber:
        return None, f"not JSON: NaN or Infinity at {_place_of_constant(text)}"
    except RecursionError:
        return None, "not JSON that we read: nested too deeply"
    except ValueError:
        return None, "not JSON that we read: a number has too many digits"


def _unique(pairs: Pairs) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)
    return members


def _refuse_constant(_constant: str) -> NoReturn:
    raise _NotANumber


def _place_of_constant(text: str) -> str:
    """Find the first NaN or Infinity outside of strings; only asked for when the parser met one."""
    for match in _STRING_OR_CONSTANT.finditer(text):
        if match["constant"]:
            before = text[: match.start()]
            return f"line {before.count(chr(10)) + 1}, column {match.start() - before.rfind(chr(10))}"
    return "an unknown place"


def _kind_of(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "a number")
