"""Look at what stands around the database: permissions, what was left unfinished, room on the disk."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.doctor import Check, examined
from domain.ports import Leftover, Place, Places, Role, Room

_OTHERS_WRITE = 0o022
_OTHERS_LOOK = 0o055
_ANYTHING = 0o077
_SPARE_BYTES = 16 * 1_024 * 1_024
"""What logs and one more write-ahead log may need."""

_MIB = 1_024 * 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineSurroundings:
    """Needs neither key nor database."""

    places: Places

    def __call__(self) -> list[Check]:
        """Return the checks."""
        return [
            *examined("permissions", self._permissions),
            *examined("leftovers", self._leftovers),
            *examined("disk space", lambda: map(_room, self.places.room())),
        ]

    def _permissions(self) -> Iterator[Check]:
        places = self.places.look()
        looks = (_refused, _mode, _owner)
        faults = [check for look in looks for place in places for check in look(place)]
        yield from faults
        if not places:
            yield Check.ok("permissions", "no file or directory of ours is there yet")
        elif not faults:
            yield Check.ok(
                "permissions", f"{len(places)} files and directories are open to their owner, and to no other"
            )

    def _leftovers(self) -> Iterator[Check]:
        leftovers = self.places.unfinished()
        yield from map(_left, leftovers)
        if not leftovers:
            yield Check.ok("leftovers", "no interrupted write left anything")


def _left(leftover: Leftover) -> Check:
    path = leftover.path
    if leftover.role is Role.STAGED_KEY:
        return Check.warn(
            "leftovers",
            f"{path} is the next master key: a `keys change-master` was interrupted, or is at work just now",
            advice="run `strongroom status`: it puts this key in its place if the database is sealed under it, and "
            "removes it if not. Do not remove it by hand: it may be the only key there is",
        )
    if leftover.is_key_file:
        return Check.warn(
            "leftovers",
            f"{path} is another name of the master key file, left of a first start that was interrupted",
            advice=f"rm {path}; do not shred it: that would overwrite the key itself",
        )
    may_hold = "a master key, whole or half" if leftover.role is Role.UNFINISHED_KEY else "half a backup"
    detail = f"{path} is left of an interrupted write, and may hold {may_hold}"
    if leftover.role is Role.BACKUP:
        return Check.warn(
            "leftovers", detail, advice="`strongroom doctor --fix` removes it, and so does the next backup"
        )
    return Check.warn("leftovers", detail, advice=f"while nothing of Strongroom runs: shred -u {path}")


def _mode(place: Place) -> Iterator[Check]:
    detail = f"the {place.role} {place.path} has mode {place.mode:04o}"
    advice = f"chmod {place.role.private_mode:o} {place.path}, or `strongroom doctor --fix`"
    if place.role.holds_key:
        if place.mode & _ANYTHING:
            yield Check.fail(
                "permissions",
                f"{detail}: others may have the key",
                advice=f"{advice}; if others use this machine, `strongroom keys change-master` as well",
            )
    elif place.mode & _OTHERS_WRITE:
        yield Check.fail("permissions", f"{detail}: others may change what is in it", advice=advice)
    elif place.mode & _OTHERS_LOOK:
        yield Check.warn("permissions", f"{detail}: others may look into it", advice=advice)


def _refused(place: Place) -> Iterator[Check]:
    """Every command opens the database for writing, with a log beside it; so this stops those that read, too.

    A key that is there is read only, and its directory may well be mounted so.
    """
    if not place.refusal or not place.role.is_written:
        return
    detail = f"the {place.role} {place.path} cannot be written by this user: {place.refusal}"
    if place.role is Role.CONFIG:
        yield Check.warn(
            "permissions",
            detail,
            advice="nothing to do, if that is wanted; old files there stay, and `keys change-master` is refused",
        )
    else:
        yield Check.fail("permissions", detail, advice="make the file and its directory writable for this user")


def _owner(place: Place) -> Iterator[Check]:
    if not place.ours:
        yield Check.warn(
            "permissions",
            f"the {place.role} {place.path} belongs to another user",
            advice="run this as the user of the service, or give the file to that user",
        )


def _room(room: Room) -> Check:
    needed = room.database + _SPARE_BYTES
    detail = (
        f"{room.free // _MIB:,} MiB are free at {room.directory}, the database takes {-(-room.database // _MIB):,} MiB"
    )
    if room.free < _SPARE_BYTES:
        return Check.fail("disk space", detail, advice="make room: the next write may fail")
    if room.free < needed:
        return Check.warn("disk space", detail, advice="make room: the next backup does not fit")
    return Check.ok("disk space", detail)
