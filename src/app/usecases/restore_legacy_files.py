"""Write the archived bytes of removed files back, byte for byte."""

from dataclasses import dataclass

from app.audit import announced, current_actor
from domain.audit import Action
from domain.errors import Integrity
from domain.legacy.files import LegacyRef
from domain.ports import AuditLog, LegacyFileSink, LegacyFileSource


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """What could not be written because it does not open, and why. `code` is for machines (`Integrity.cause`)."""

    name: str
    code: str
    message: str
    advice: str | None

    @classmethod
    def because(cls, error: Integrity, *, name: str) -> "LeftBehind":
        """Tell of `name`, which `error` has kept back."""
        return cls(name=name, code=error.cause, message=error.message, advice=error.advice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was written, and the files that do not open, each by `<root>/<path>`."""

    written: list[LegacyRef]
    damaged: list[LeftBehind]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreLegacyFiles:
    """From the archive, seen as a source of files, into a new directory."""

    archive: LegacyFileSource
    audit: AuditLog

    def __call__(self, sink: LegacyFileSink) -> Restored:
        """Put every archived file that opens into `sink`. Raises `Conflict`.

        It is in the audit log before the first file is written; a second event tells how many did not open.
        """
        sink.prepare()
        refs = self.archive.list()
        detail = f"files in the clear: {len(refs)}"
        with announced(self.audit, Action.LEGACY_RESTORE, "archive", detail=detail):
            restored = self._put(refs, sink)
        record_damage(self.audit, Action.LEGACY_RESTORE, "archive", damaged=len(restored.damaged))
        return restored

    def _put(self, refs: list[LegacyRef], sink: LegacyFileSink) -> Restored:
        restored = Restored(written=[], damaged=[])
        for ref in refs:
            try:
                file = self.archive.read(ref)
            except Integrity as error:
                restored.damaged.append(LeftBehind.because(error, name=f"{ref.root.value}/{ref.shown}"))
                continue
            sink.put(file)
            restored.written.append(ref)
        return restored


def record_damage(log: AuditLog, action: Action, subject: str, *, damaged: int) -> None:
    """Write down how many values did not open, if any: it is known only once all others are written."""
    if damaged:
        log.record(current_actor(), action, subject, outcome=Integrity.code, detail=f"damaged and left out: {damaged}")
