"""Searching texts in memory for secrets in the clear."""

from collections.abc import Iterable, Iterator

from typing_extensions import override

from domain.ports import Progress, RemnantSearch
from domain.remnants import SHORTEST, Remnant, RemnantReport, StoredValue, forms

_STAGE = "searching files"


class MemoryRemnantSearch(RemnantSearch):
    """Looks for one form after the other in `files`, by name; `unread` are files that cannot be read, with why."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.unread: dict[str, str] = {}

    @override
    def search(self, values: Iterable[StoredValue], progress: Progress) -> RemnantReport:
        everything = list(values)
        sought = [value for value in everything if len(value.content) >= SHORTEST]
        found: set[Remnant] = set()
        for number, (name, content) in enumerate(self.files.items(), 1):
            found.update(remnant for value in sought for remnant in _remnants(name, content, value))
            progress.report(_STAGE, number, len(self.files))
        return RemnantReport(
            values=len(sought),
            too_short=len(everything) - len(sought),
            files=tuple(self.files),
            bytes=sum(map(len, self.files.values())),
            remnants=tuple(sorted(found)),
            unread=tuple(self.unread.items()),
        )

    @override
    def close(self) -> None:
        pass  # nothing is open


def _remnants(name: str, content: bytes, value: StoredValue) -> Iterator[Remnant]:
    for piece in value.pieces:
        for form, hidden in forms(piece):
            for offset in _offsets(content, hidden):
                yield Remnant(file=name, offset=offset, form=form, subject=value.subject)


def _offsets(content: bytes, hidden: bytes) -> Iterator[int]:
    at = content.find(hidden)
    while at >= 0:
        yield at
        at = content.find(hidden, at + 1)
