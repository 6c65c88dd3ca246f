"""Write the archived bytes of removed files back, byte for byte."""

from dataclasses import dataclass

from domain.legacy.files import LegacyRef
from domain.ports import LegacyFileSink, LegacyFileSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreLegacyFiles:
    """From the archive, seen as a source of files, into a new directory."""

    archive: LegacyFileSource

    def __call__(self, sink: LegacyFileSink) -> list[LegacyRef]:
        """Put every archived file into `sink`; returns which. Raises `Conflict` or `Integrity`."""
        sink.prepare()
        refs = self.archive.list()
        for ref in refs:
            sink.put(self.archive.read(ref))
        return refs
