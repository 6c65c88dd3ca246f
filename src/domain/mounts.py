"""Token mounts: directories in memory from which containers read their tokens, and when one is over."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.errors import Invalid
from domain.instants import MINUTE_MS, SECOND_MS
from domain.legacy.files import PENPOT_FILE, TOKENS_DIRECTORY
from domain.values import PENPOT_TOKEN, agent_token_name

WAIT_MS = 60 * SECOND_MS
"""How long a mount is kept for the first process that uses it."""

LINGER_MS = SECOND_MS
"""How long after its last process: a restart policy begins the container again within that, and finds its tokens."""

REVIVAL_MS = 10 * MINUTE_MS
"""How long a mount that ended is filled again if a container comes back: longer than any runtime puts a restart off."""

_TOLERANCE_MS = 100
"""The kernel tells the start of a process in hundredths of a second, counted from a boot that it tells in seconds."""

_CLOCK_STEP_MS = 5 * SECOND_MS
"""How far a clock may be set back by those who keep it right."""

_OWNER = re.compile(r"(?P<uid>[0-9]{1,10})(:(?P<gid>[0-9]{1,10}))?")
_RANGE = re.compile(r"\s*([0-9]{1,10})[\s:]+([0-9]{1,10})[\s:]+([0-9]{1,10})\s*")
_IDS = 2**32 - 1
"""One more than the largest id: the largest 32-bit number means "no id" (chown(2))."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the files are."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class IdMap:
    """How a user namespace numbers ids: ranges of (first inside, first outside, how many), as in user_namespaces(7)."""

    ranges: tuple[tuple[int, int, int], ...]

    def outside(self, inside: int) -> int:
        """Return what the host calls the id `inside`; raises `Invalid` if the namespace has none of that number."""
        for first, host, count in self.ranges:
            if first <= inside < first + count:
                return host + inside - first
        raise Invalid(f"the user namespace has no id {inside}", advice="name a user that its map has")


def parse_owner(raw: str) -> Owner:
    """Read `uid` or `uid:gid`, in numbers; a group that is not named has the number of the user."""
    match = _OWNER.fullmatch(raw)
    if match is None or int(match["uid"]) >= _IDS or int(match["gid"] or 0) >= _IDS:
        raise Invalid("not a user: uid or uid:gid was expected, in numbers", advice="as in the container: 1000:1000")
    return Owner(uid=int(match["uid"]), gid=int(match["gid"] or match["uid"]))


def parse_id_map(raw: str) -> IdMap:
    """Read `0:100000:65536`, several with commas between them, or the lines of `/proc/<pid>/uid_map`."""
    matches = [_RANGE.fullmatch(part) for part in re.split(r"[,\n]", raw.strip())]
    ranges = tuple((int(match[1]), int(match[2]), int(match[3])) for match in matches if match)
    if len(ranges) < len(matches) or any(max(inside, host) + count > _IDS + 1 for inside, host, count in ranges):
        raise Invalid("not a map of ids", advice="first inside, first outside, how many: 0:100000:65536")
    return IdMap(ranges)


def token_files(agent: str) -> dict[str, str]:
    """Return what a mount of `agent` holds, as the old configuration directory did: the secret of each file."""
    return {f"{TOKENS_DIRECTORY}/{agent}": agent_token_name(agent), PENPOT_FILE: PENPOT_TOKEN}


class Mounted(StrEnum):
    """What of a mount a container was given."""

    DIRECTORY = "directory"
    FILE = "file"
    """One file: it goes on reading the token that was there when it began."""
    DELETED = "deleted"
    """Something that is not there any more: it reads nothing, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A container that has a mount of `agent`; its processes share one view of the file systems.

    `process` names the oldest of them, whose number is `pid`, and `started_at` (ms UTC) is when that
    began. `container` is the runtime's id, shortened, where the runtime tells it.
    """

    agent: str
    pid: int
    process: str
    started_at: int
    mounted: Mounted = Mounted.DIRECTORY
    container: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A receipt: `file` holds `version` of `secret` since that instant (ms UTC)."""

    file: str
    secret: str
    version: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mount that was opened. Instants in ms UTC; what is not so is None.

    `awaited_since`: it was opened then, and no process has come. `left_at`: its last process was missed
    then. `ended_at`: nothing is in it since. `holders` are processes that have it without mounting it.
    `was_read`: a container had it, which a runtime may begin again.
    `fault` says why the newest version could not be delivered, or what is there not be wiped.
    """

    agent: str
    owner: Owner
    opened_at: int
    awaited_since: int | None = None
    left_at: int | None = None
    ended_at: int | None = None
    was_read: bool = False
    holders: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    fault: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether its files belong there."""
        return self.ended_at is None

    def delivered(self, file: str) -> Delivery | None:
        """Return the receipt of `file`."""
        return next((each for each in self.deliveries if each.file == file), None)

    def is_stale(self, reader: Reader) -> bool:
        """Tell whether a container may still use an older token, having read it before the newest was delivered."""
        return any(each.since > reader.started_at + _TOLERANCE_MS for each in self.deliveries)


class State(StrEnum):
    """How a mount stands: the same words on the command line and on the dashboard."""

    WAITING = "waiting"
    IN_USE = "in use"
    LEAVING = "leaving"
    ENDED = "ended"
    CLOSED = "closed"


def state_of(mount: Mount | None, readers: Sequence[Reader], *, living: Collection[str]) -> State:
    """Say how a mount stands that is read by `readers`, and held by its `living` holders; None is one not entered."""
    if mount is None:
        return State.CLOSED
    if any(reader.mounted is not Mounted.DELETED for reader in readers) or living:
        return State.IN_USE
    if not mount.is_open:
        return State.ENDED
    return State.LEAVING if mount.awaited_since is None else State.WAITING


def advance(
    mount: Mount,
    readers: Sequence[Reader],
    *,
    living: Collection[str],
    now: int,
    linger_ms: int = LINGER_MS,
) -> Mount | None:
    """Return how `mount` stands now; None if it is to be forgotten.

    `readers` are those of the agent, `living` the processes among its holders that are alive. One that
    ended is open again once it is read again: a runtime has begun the container anew. An instant that
    is well ahead (a clock was set back) keeps nothing open.
    """
    reading = [reader for reader in readers if reader.mounted is not Mounted.DELETED]
    holders = tuple(holder for holder in mount.holders if holder in living)
    mount = replace(mount, holders=holders, was_read=mount.was_read or bool(reading))
    awaited_since = None if _has_come(mount, reading, now) else mount.awaited_since
    if reading or holders or awaited_since is not None:
        return replace(mount, awaited_since=awaited_since, left_at=None, ended_at=None)
    if mount.ended_at is not None:
        return mount if _within(mount.ended_at, REVIVAL_MS, now) else None
    left_at = now if mount.left_at is None else mount.left_at
    is_over = not _within(left_at, linger_ms, now)
    return replace(mount, awaited_since=None, left_at=left_at, ended_at=now if is_over else None)


def _has_come(mount: Mount, reading: Sequence[Reader], now: int) -> bool:
    """Tell whether nobody is waited for any more; a container that was there before is not the one."""
    if mount.awaited_since is None or not _within(mount.awaited_since, WAIT_MS, now):
        return True
    return any(reader.started_at >= mount.awaited_since - _TOLERANCE_MS for reader in reading)


def _within(since: int, span: int, now: int) -> bool:
    return -_CLOCK_STEP_MS <= now - since < span
