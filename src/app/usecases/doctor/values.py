"""Open every sealed value, and look for traces of each outside its seal."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, groupby

from domain.doctor import Check, examined
from domain.errors import Integrity
from domain.ports import Progress, RemnantSearch, SealedRows, StoredValues
from domain.remnants import SHORTEST, Remnant, RemnantReport, StoredValue, spellings

_KEY_ADVICE = (
    "take the key away from there (shred -u, if the file holds nothing else) and keep a kit of it offline: "
    "`strongroom keys kit`. If others may have read it, `strongroom keys change-master` as well"
)
_MASTER_KEY = "the master key"
_SETTING = "the setting "
_TOLD = 20
_NAMED = 3
_ADVICE = (
    "replace that credential where it was issued, then get rid of the place: shred a file, take a new backup for an "
    "old one; if it is the database or its log, set the new value. A word that stands there by chance is no good secret"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineValues:
    """`elsewhere` gives secrets that are not in the database: the master key, client secrets."""

    sealed_rows: SealedRows
    stored_values: StoredValues
    elsewhere: Callable[[], Iterable[StoredValue]]
    search: RemnantSearch
    progress: Progress

    def __call__(self) -> list[Check]:
        """Return the checks."""
        return [*examined("sealed values", self._opened), *examined("plaintext", self._searched)]

    def _opened(self) -> Iterator[Check]:
        total = 0

        def on_progress(done: int, of: int) -> None:
            nonlocal total
            total = of
            self.progress.report("opening values", done, of)

        damages = self.sealed_rows.verify(on_progress=on_progress)
        for damage in damages:
            advice = damage.advice or "set it again, or restore a backup"
            yield Check.fail("sealed values", damage.message, advice=advice, code=Integrity.code)
        if not damages:
            yield Check.ok("sealed values", f"all {total:,} open")

    def _searched(self) -> Iterator[Check]:
        elsewhere = [*self.elsewhere()]
        spelled = [spelling for value in elsewhere for spelling in spellings(value)]
        report = self.search.search(chain(self.stored_values.reveal(), spelled), self.progress)
        kept = {remnant.file for remnant in report.remnants if _is_where_it_belongs(remnant)}
        remnants = [remnant for remnant in report.remnants if not _is_where_it_belongs(remnant)]
        places = [_found(list(found)) for _, found in groupby(remnants, key=_place)]
        yield from places[:_TOLD]
        if len(places) > _TOLD:
            files = {remnant.file for remnant in remnants}
            more = (
                f"{len(places) - _TOLD} places more; all are in {len(files)} files: {', '.join(sorted(files)[:_TOLD])}"
            )
            yield Check.fail("plaintext", more, advice=_ADVICE)
        yield from _gaps(report)
        none = "none elsewhere" if remnants else "none found"
        sought = report.values - len(spelled) + len(elsewhere)
        yield Check.ok("plaintext", f"{none}: {_looked_at(report, sought)}{_left_out(report, kept)}")


def _place(remnant: Remnant) -> tuple[str, int]:
    return remnant.file, remnant.offset


def _is_where_it_belongs(remnant: Remnant) -> bool:
    """A file that is nothing but the value of a setting is the one that the setting is read from."""
    return remnant.fills_file and remnant.subject.startswith(_SETTING)


def _gaps(report: RemnantReport) -> Iterator[Check]:
    for file, reason in report.unread:
        yield Check.warn(
            "plaintext", f"{file} was not searched: {reason}", advice="run this as a user that may read it"
        )
    for file, size in report.too_large:
        yield Check.warn(
            "plaintext",
            f"{file} was not searched: with {size:,} bytes it is too large",
            advice="files over 1 GiB are left out, but for database and backups: move it elsewhere, or split it",
        )


def _left_out(report: RemnantReport, kept: AbstractSet[str]) -> str:
    """Name what was not searched on purpose, and what was found where it may be."""
    names = [f"{file} ({why})" for file, why in sorted(report.skipped)]
    names += [f"{file} (a setting is read from it)" for file in sorted(kept)]
    more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
    return f"; not searched: {', '.join(names[:_TOLD])}{more}" if names else ""


def _found(remnants: list[Remnant]) -> Check:
    """Tell of one place. Several values may be the same, such as a token and the archived file it came from."""
    file, offset = _place(remnants[0])
    subjects = [*dict.fromkeys(remnant.subject for remnant in remnants)]
    whose = ", also ".join(subjects[:_NAMED])
    more = f" and {len(subjects) - _NAMED:,} more" if len(subjects) > _NAMED else ""
    detail = f"{file} at byte {offset} holds {whose}{more} ({remnants[0].form})"
    return Check.fail("plaintext", detail, advice=_KEY_ADVICE if subjects == [_MASTER_KEY] else _ADVICE)


def _looked_at(report: RemnantReport, sought: int) -> str:
    looked = f"looked for {sought:,} values in {len(report.files)} files, {report.bytes:,} bytes"
    short = f"; {report.too_short:,} are shorter than {SHORTEST} bytes and cannot be told from chance"
    return looked + (short if report.too_short else "")
