"""Looks through files for secrets in the clear: a quick pass that finds suspicious chunks, then a closer look."""

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import itemgetter

from typing_extensions import override

from adapters.filesystem.haystacks import Haystack, Haystacks, SearchedPlaces
from adapters.filesystem.needles import Needles, Shape, occurrences
from domain.ports import Progress, RemnantSearch
from domain.remnants import LONGEST_FORM, SHORTEST, Remnant, RemnantReport, StoredValue

BATCH = 100_000
"""Values looked for in one pass; they take some 250 MB."""

MOST_PLACES = 100
"""Places told of one file: a copy of a whole password list needs no more."""

_CHUNK = 64 * 1_024
_STAGE = "searching files"

Suspicion = tuple[Haystack, int, set[int]]


class FileRemnantSearch(RemnantSearch):
    """Reads with `pread`, chunk by chunk, and never through a memory map: the database may shrink meanwhile."""

    def __init__(self, places: SearchedPlaces) -> None:
        self._haystacks = Haystacks(places)

    @override
    def search(self, values: Iterable[StoredValue], progress: Progress) -> RemnantReport:
        haystacks = self._haystacks.find()
        found: set[Remnant] = set()
        sought = too_short = 0
        for batch in _batches(values):
            needles = Needles()
            for value in batch:
                if len(value.content) < SHORTEST:
                    too_short += 1
                else:
                    needles.add(value)
                    sought += 1
            found |= self._found(needles, haystacks, progress)
        return RemnantReport(
            values=sought,
            too_short=too_short,
            files=tuple(haystack.name for haystack in haystacks),
            bytes=sum(haystack.size for haystack in haystacks),
            remnants=tuple(sorted(found)),
            unread=tuple(self._haystacks.unread.items()),
            skipped=tuple(self._haystacks.skipped.items()),
            too_large=tuple(self._haystacks.too_large.items()),
        )

    @override
    def close(self) -> None:
        self._haystacks.close()

    def _found(self, needles: Needles, haystacks: list[Haystack], progress: Progress) -> set[Remnant]:
        if not len(needles):
            return set()
        suspicions = list(self._suspicions(needles, haystacks, progress))
        suspects = needles.suspects({gram for _, _, grams in suspicions for gram in grams}) if suspicions else {}
        found: set[Remnant] = set()
        for haystack, chunks in groupby(suspicions, key=itemgetter(0)):
            found |= self._looked_at(haystack, chunks, suspects)
        return found

    def _looked_at(
        self, haystack: Haystack, suspicions: Iterable[Suspicion], suspects: Mapping[int, Iterable[Shape]]
    ) -> set[Remnant]:
        """Look closely at the suspicious chunks of a file, until enough is found."""
        found: set[Remnant] = set()
        with self._haystacks.reading(haystack) as descriptor:
            if descriptor is None:
                return found
            for _, position, grams in suspicions:
                shapes = {shape for gram in grams for shape in suspects.get(gram, ())}
                found |= _remnants(_read(descriptor, position), shapes, haystack, position)
                if len(found) >= MOST_PLACES:
                    break
        return found

    def _suspicions(self, needles: Needles, haystacks: list[Haystack], progress: Progress) -> Iterator[Suspicion]:
        """Give every chunk that holds a gram of ours."""
        total, done = sum(haystack.size for haystack in haystacks), 0
        for haystack in haystacks:
            with self._haystacks.reading(haystack) as descriptor:
                for position in range(0, haystack.size, _CHUNK):
                    if descriptor is None:
                        break
                    grams = needles.grams_in(_read(descriptor, position))
                    if grams:
                        yield haystack, position, grams
                    progress.report(_STAGE, min(done + position + _CHUNK, total), total)
            done += haystack.size


def _batches(values: Iterable[StoredValue]) -> Iterator[list[StoredValue]]:
    iterator = iter(values)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _remnants(chunk: bytes, shapes: Iterable[Shape], haystack: Haystack, position: int) -> set[Remnant]:
    """Return what stands in a chunk of the file, each whether it is all that the file holds."""
    content = chunk.strip() if haystack.size == len(chunk) else None
    return {
        Remnant(
            file=haystack.name, offset=position + at, subject=subject, form=form, fills_file=hidden.strip() == content
        )
        for at, (subject, form, hidden) in islice(occurrences(chunk, shapes), MOST_PLACES)
    }


def _read(descriptor: int, position: int) -> bytes:
    """Read a chunk, and so much of the next that a value across the border is seen whole."""
    return os.pread(descriptor, _CHUNK + LONGEST_FORM, position)
