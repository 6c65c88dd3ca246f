"""Whose the files of a mount are: a user as the container numbers him, and as the host does."""

import os

from domain.errors import Invalid
from domain.mounts import IdMap, Owner, parse_id_map, parse_owner
from domain.ports import MountWatch


def owner_of(user: str | None, *, uid_map: str | None, map_of: int | None, watch: MountWatch) -> Owner:
    """Return the owner on the host. Without a user the container's root is meant where there is a map, else this user.

    Raises `Invalid` for what is no user or no map, or not in it, and `NotFound` for a process that is not there.
    """
    if uid_map is not None and map_of is not None:
        raise Invalid("--uid-map and --map-of were both given", advice="keep one of them")
    maps = _maps(uid_map, map_of, watch)
    if maps is None:
        return parse_owner(user) if user is not None else Owner(os.geteuid(), os.getegid())
    inside = Owner(0, 0) if user is None else parse_owner(user)
    users, groups = maps
    return Owner(users.outside(inside.uid), groups.outside(inside.gid))


def _maps(uid_map: str | None, map_of: int | None, watch: MountWatch) -> tuple[IdMap, IdMap] | None:
    if map_of is not None:
        return watch.id_maps(map_of)
    if uid_map is not None:
        same = parse_id_map(uid_map)
        return same, same
    return None
