"""Write the archived bytes of removed files back, byte for byte."""

from dataclasses import dataclass

from app.audit import announced
from domain.audit import Action
from domain.legacy.files import LegacyRef
from domain.ports import AuditLog, LegacyFileSink, LegacyFileSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreLegacyFiles:
    """From the archive, seen as a source of files, into a new directory."""

    archive: LegacyFileSource
    audit: AuditLog

    def __call__(self, sink: LegacyFileSink) -> list[LegacyRef]:
        """Put every archived file into `sink`; returns which. Raises `Conflict` or `Integrity`.

        It is in the audit log before the first file is written.
        """
        sink.prepare()
        refs = self.archive.list()
        with announced(self.audit, Action.LEGACY_RESTORE, "archive", detail=f"files in the clear: {len(refs)}"):
            for ref in refs:
                sink.put(self.archive.read(ref))
        return refs
