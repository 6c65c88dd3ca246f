"""The archive of removed files in memory."""

from dataclasses import dataclass, replace
from threading import Lock

from typing_extensions import override

from domain.errors import NotFound
from domain.instants import DAY_MS
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, Root
from domain.ports import Clock, LegacyArchive, LegacyFileSource
from domain.ports.legacy_archive import ArchivedFile
from domain.ports.legacy_file_source import SourceRemains


@dataclass(frozen=True, slots=True)
class _Kept:
    file: LegacyFile
    archived_at: int


class MemoryLegacyArchive(LegacyArchive, LegacyFileSource):
    """Removed files by the path under which the old version knew them. As a source it offers the latest of each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[tuple[Root, str, bytes], _Kept] = {}

    @override
    def keep(self, file: LegacyFile) -> None:
        ref = LegacyRef(file.ref.root, file.ref.logical)
        place = (ref.root, ref.path, file.fingerprint.sha256)
        now = self._clock.now()
        with self._lock:
            kept = self._kept.setdefault(place, _Kept(replace(file, ref=ref), now))
            if now - kept.archived_at >= DAY_MS:
                self._kept[place] = replace(kept, archived_at=now)

    @override
    def contents(self) -> list[ArchivedFile]:
        return [
            ArchivedFile(
                ref=kept.file.ref,
                bytes=len(kept.file.content),
                mode=kept.file.mode,
                mtime_ns=kept.file.fingerprint.mtime_ns,
                archived_at=kept.archived_at,
            )
            for kept in self._sorted()
        ]

    @override
    def expire(self, before: int) -> int:
        with self._lock:
            old = [place for place, kept in self._kept.items() if kept.archived_at < before]
            for place in old:
                del self._kept[place]
        return len(old)

    @override
    def read(self, ref: LegacyRef) -> LegacyFile:
        latest = self._latest().get((ref.root, ref.logical))
        if latest is None:
            raise NotFound(f"{ref.shown} is not in the archive")
        return latest.file

    @override
    def remove(self, ref: LegacyRef, fingerprint: Fingerprint) -> None:
        raise SourceRemains("the archive forgets by age only")

    @override
    def can_remove(self, ref: LegacyRef) -> bool:
        return False

    def files(self) -> list[LegacyFile]:
        """Return what is kept, with its content: of one path every content there was."""
        return [kept.file for kept in self._sorted()]

    def _latest(self) -> dict[tuple[Root, str], _Kept]:
        return {(kept.file.ref.root, kept.file.ref.path): kept for kept in self._sorted()}

    def _sorted(self) -> list[_Kept]:
        with self._lock:
            kept = [*self._kept.values()]
        return sorted(kept, key=lambda one: (one.file.ref, one.archived_at))

    @override
    def list(self) -> list[LegacyRef]:
        return [kept.file.ref for kept in self._latest().values()]
