"""Traces of secrets outside their seal: the forms in which a value may stand in a file, and where one was found."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Bytes: a shorter value is found everywhere by chance, so it is not looked for."""

PIECE = 256
"""Bytes of a long value that are looked for in one piece."""

LONGEST_FORM = 6 * PIECE
"""No form of a piece is longer: JSON may spell one byte as six."""

HEX = "hex"
_HALVES = 6
_GROUP = 4
"""Characters that a key kit writes together."""

_SAME_IN_URL = re.compile(r"[A-Za-z0-9_.~-]*")
_SAME_IN_JSON = re.compile(r"[ !#-.0-\[\]-~]*")
_ESCAPE = re.compile(rb"%[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A secret in the clear, and whose it is. No form of the object shows it."""

    subject: str
    content: bytes

    def __repr__(self) -> str:
        return f"StoredValue({self.subject!r})"

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """What to look for: the value, or of a long one two pieces.

        Not the whole of a long one: databases cut long values up, and half a secret is a leak as well.
        """
        size = len(self.content)
        if size <= PIECE:
            return (self.content,)
        return tuple(_whole_characters(self.content[at : at + PIECE]) for at in (0, size - PIECE))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Remnant:
    """A stored value that stands in a file in the clear: where (byte offset), in which form, and whose it is.

    `fills_file`: but for white space around it the file holds nothing else.
    """

    file: str
    offset: int
    form: str
    subject: str
    fills_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemnantReport:
    """What a search did: values looked for, values too short for it, files and bytes read, and what it found.

    `remnants` is sorted and holds not all of the places in a file with very many. `unread` pairs a file
    that could not be read with the reason, `skipped` what is left out on purpose, and `too_large` holds
    files with their sizes in bytes.
    """

    values: int
    too_short: int
    files: tuple[str, ...]
    bytes: int
    remnants: tuple[Remnant, ...]
    unread: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    too_large: tuple[tuple[str, int], ...] = ()


def spellings(value: StoredValue) -> Iterator[StoredValue]:
    """Give `value`; and one that is no text, such as a key, also as people write it: base64, plain and in groups."""
    yield value
    try:
        value.content.decode()
    except UnicodeDecodeError:
        text = base64.b64encode(value.content)
        yield StoredValue(value.subject, text)
        groups = (text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
        yield StoredValue(value.subject, b" ".join(groups))


def forms(piece: bytes) -> Iterator[tuple[str, bytes]]:
    """Give each form in which `piece` may stand in a file, with its name; the same bytes may come twice."""
    yield "raw", piece
    yield from (("base64", encoded) for encoded in _base64(piece))
    digits = piece.hex().encode()
    yield HEX, digits
    yield HEX, digits.upper()
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return
    yield from (("URL-escaped", escaped) for escaped in _url_escaped(text, piece))
    yield from (("JSON-escaped", escaped) for escaped in _json_escaped(text, piece))
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16", text.encode("utf-16-be")


def _base64(piece: bytes) -> Iterator[bytes]:
    """Encode behind none, one and two other bytes: the characters that depend on the piece alone."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + piece).rstrip(b"=")
        shared_end = (before + len(piece)) % 3 != 0
        inner = encoded[(0, 2, 3)[before] : len(encoded) - shared_end]
        yield inner
        if b"+" in inner or b"/" in inner:
            yield inner.replace(b"+", b"-").replace(b"/", b"_")


def _url_escaped(text: str, piece: bytes) -> Iterator[bytes]:
    if _SAME_IN_URL.fullmatch(text):
        return
    for escaped in {quote(text, safe="").encode(), quote(text).encode(), quote_plus(text).encode()} - {piece}:
        yield escaped
        yield _ESCAPE.sub(lambda match: match[0].lower(), escaped)


def _json_escaped(text: str, piece: bytes) -> Iterator[bytes]:
    if _SAME_IN_JSON.fullmatch(text):
        return
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    for escaped in {plain, ascii_only, plain.replace("/", "\\/")}:
        if (encoded := escaped.encode()) != piece:
            yield encoded


def _whole_characters(cut: bytes) -> bytes:
    """Leave out halves of characters (three bytes at most) at both ends of a cut; what is no text stays as it is."""
    text = cut.decode(errors="ignore").encode()
    return text if len(cut) - len(text) <= _HALVES else cut
