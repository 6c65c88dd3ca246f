"""Why a sealed value does not open: AES-GCM says the same for every cause, so it is tried at the other places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adapters.sql.database import Database
from adapters.sql.sealed_places import count_values, every_place
from domain.errors import Integrity, Moved, Tampered
from domain.ports import Cipher, SealContext

_VERSIONS_BACK = 1_000
_DIAGNOSED = 100
_TRIES = 1_000_000
"""About three seconds of trying values at places; the first value has its try at all of them in any case."""


@dataclass(frozen=True, slots=True)
class Unopened:
    """A sealed value, where it lies, and the error with which it did not open there."""

    blob: bytes
    place: SealContext
    error: Integrity


def open_at(database: Database, cipher: Cipher, blob: bytes, place: SealContext) -> bytes:
    """Open a value where it lies. Raises `NotSealed`, `UnknownKey`, `Moved` or `Tampered`, as it is."""
    try:
        return cipher.open(blob, place)
    except Integrity as error:
        raise diagnose(database, cipher, [Unopened(blob, place, error)])[0] from None


def diagnose(database: Database, cipher: Cipher, found: Sequence[Unopened]) -> list[Integrity]:
    """Return the error to raise for each of `found`.

    `Moved` names the place that a value was sealed for, `Tampered` says that there is none. To know, the
    values are tried at every place there is, always under the one key that each names, in one walk: half a
    second for a hundred thousand places and one value. That is done for the first hundred, fewer where
    there are very many places; the others keep the error that the cipher gave.
    """
    errors = [each.error for each in found]
    unclear = [number for number, error in enumerate(errors) if type(error) is Integrity]  # else the cipher knew why
    if not unclear:
        return errors
    affordable = max(1, min(_DIAGNOSED, _TRIES // max(1, count_values(database))))
    left = {number: found[number] for number in unclear[:affordable]}
    for number, each in list(left.items()):
        origin = next((place for place in _other_versions(each.place) if _opens(cipher, each.blob, place)), None)
        if origin is not None:
            errors[number] = _moved(left.pop(number).place, origin)
    for origin in every_place(database) if left else ():
        for number in [number for number, each in left.items() if _opens(cipher, each.blob, origin)]:
            errors[number] = _moved(left.pop(number).place, origin)
    for number, each in left.items():
        errors[number] = _tampered(each.place)
    return errors


def _moved(place: SealContext, origin: SealContext) -> Moved:
    return Moved(
        f"{place.subject} holds a value that was sealed for {origin.subject}, and copied here",
        advice="find out who wrote into the database; then set the value again, or restore a backup",
    )


def _tampered(place: SealContext) -> Tampered:
    return Tampered(
        f"the bytes of {place.subject} were changed",
        advice="check the disk, and who may write the database file; then set it again, or restore a backup",
    )


def _other_versions(place: SealContext) -> Iterator[SealContext]:
    """Go through the versions before: an old value that was put back is not in the tables any more."""
    for version in range(place.version - 1, max(-1, place.version - _VERSIONS_BACK), -1):
        yield replace(place, version=version, subject=f"its version {version}")


def _opens(cipher: Cipher, blob: bytes, place: SealContext) -> bool:
    try:
        cipher.open(blob, place)
    except Integrity:
        return False
    return True
