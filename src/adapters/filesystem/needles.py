"""Very many byte strings, looked for in one pass over a text by their grams of eight bytes."""

import sys
from binascii import unhexlify
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from domain.remnants import HEX, StoredValue, forms

_GRAM = 8
_STRIDE = 4
_BLOCK = _GRAM + _STRIDE - 1
"""A form with this many bytes covers a whole gram that begins at a multiple of the stride, wherever it stands."""

_NUL = b"\x00"
_DIGIT, _OTHER = b"x", b" "
_SHORTEST_RUN = 2 * _GRAM
_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_SHOW_DIGITS = bytes(_DIGIT[0] if byte in _DIGITS else _OTHER[0] for byte in range(256))

Shape = tuple[str, str, bytes]


class Needles:
    """The pieces of some values, and the grams by which a text is known to be worth a closer look.

    Only the text's grams at multiples of four are looked up, all of a chunk in one call of
    `set.intersection` that runs in C; so four grams stand for a form, one for each way it may lie.
    NUL bytes are taken out of text and forms: UTF-16 then looks as UTF-8 does, and pages of zeros
    weigh nothing. Hexadecimal is decoded and not looked for: eight digits of it stand in every UUID.
    """

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bytes]] = []
        self._grams: set[int] = set()
        self._short_grams: set[int] = set()
        self._taken = bytearray()

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, value: StoredValue) -> None:
        """Look for `value` as well."""
        for piece in value.pieces:
            self._pieces.append((value.subject, piece))
            self._taken.extend(map(self._index, _shapes(value.subject, piece)))

    def grams_in(self, chunk: bytes) -> set[int]:
        """Return those of our grams that `chunk` holds; without one it holds no form of any value."""
        found: set[int] = set()
        for text in (chunk, _decoded(chunk)):
            view = memoryview(text.translate(None, _NUL))
            for offset in range(0, _GRAM, _STRIDE):
                found |= self._grams.intersection(_words(view, offset))
            if self._short_grams:
                for offset in range(_GRAM):
                    found |= self._short_grams.intersection(_words(view, offset))
        return found

    def suspects(self, seen: AbstractSet[int]) -> dict[int, list[Shape]]:
        """Return, for each gram that was seen, what may have been there: (subject, name of form, bytes)."""
        suspects: dict[int, list[Shape]] = defaultdict(list)
        taken = iter(self._taken)
        for subject, piece in self._pieces:
            for bare, shapes in _shapes(subject, piece).items():
                for gram in _grams_of(bare, _places(bare)[next(taken)]):
                    if gram in seen:
                        suspects[gram] += shapes
        return suspects

    def _index(self, bare: bytes) -> int:
        """Take a block of `bare` that few other forms share, and tell which of its places that was.

        Tokens of one kind begin alike, and documents end alike.
        """
        places = _places(bare)
        if len(bare) < _BLOCK:
            self._short_grams.add(_word(bare, 0))
            return 0
        free = (number for number, place in enumerate(places) if _word(bare, place) not in self._grams)
        taken = next(free, 0)
        self._grams.update(_grams_of(bare, places[taken]))
        return taken


def occurrences(chunk: bytes, shapes: Iterable[Shape]) -> Iterator[tuple[int, Shape]]:
    """Give every place in `chunk` where one of `shapes` stands."""
    for shape in shapes:
        at = chunk.find(shape[2])
        while at >= 0:
            yield at, shape
            at = chunk.find(shape[2], at + 1)


def _shapes(subject: str, piece: bytes) -> dict[bytes, list[Shape]]:
    """Return the forms of a piece by what each is looked for by, always in the same order."""
    shapes: dict[bytes, list[Shape]] = defaultdict(list)
    for name, form in forms(piece):
        shapes[_bare(name, form, piece)].append((subject, name, form))
    return shapes


def _bare(name: str, form: bytes, piece: bytes) -> bytes:
    """Return what a form is looked for by: itself without NUL bytes, or the piece if the text will be decoded."""
    return (piece if name == HEX else form).translate(None, _NUL)


def _places(bare: bytes) -> Sequence[int]:
    """Where a block may be taken: the middle, the end, the beginning."""
    last = len(bare) - _BLOCK
    return (last // 2, last, 0) if last >= 0 else (0,)


def _grams_of(bare: bytes, place: int) -> list[int]:
    last = min(place + _STRIDE, len(bare) - _GRAM + 1)
    return [_word(bare, offset) for offset in range(place, last)]


def _word(text: bytes, place: int) -> int:
    return int.from_bytes(text[place : place + _GRAM], sys.byteorder)


def _words(text: memoryview, offset: int) -> memoryview:
    """Show `text` from `offset` on as integers of eight bytes."""
    end = offset + (len(text) - offset) // _GRAM * _GRAM
    return text[offset : max(end, offset)].cast("Q")


def _decoded(chunk: bytes) -> bytes:
    """Decode the runs of hexadecimal digits that are long enough for a value, each in both ways to pair the digits.

    What they decode to stands one behind the other; a value that only seems to be there is found out later.
    """
    shown = chunk.translate(_SHOW_DIGITS)
    decoded = []
    start = shown.find(_DIGIT * _SHORTEST_RUN)
    while start >= 0:
        end = shown.find(_OTHER, start)
        end = len(chunk) if end < 0 else end
        decoded += [unhexlify(chunk[first : end - (end - first) % 2]) for first in (start, start + 1)]
        start = shown.find(_DIGIT * _SHORTEST_RUN, end)
    return b"".join(decoded)
