"""Which token mounts are open: a JSON document each, in the memory that they are in."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.atomic import write_durably
from adapters.filesystem.faults import reason
from adapters.filesystem.memory_root import RECORDS, MemoryRoot
from domain.errors import DeliveryFailed
from domain.mounts import Delivery, Mount, Owner
from domain.ports import MountRegister
from domain.values import is_agent_name, parse_agent_name

_FORMAT = 1
_SUFFIX = ".json"
_LIMIT = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ENTRY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP})
"""What says that nothing is entered, or something that we did not; all else is trouble in looking."""

_ROOM = "make room in the memory file system, or close mounts"


class FileMountRegister(MountRegister):
    """`records/<agent>.json` below `root`; a document names the service whose it is, and holds no token."""

    def __init__(self, root: Path, *, service: str) -> None:
        self._root = MemoryRoot(root, service)
        self._records = str(root / RECORDS)
        self._service = service

    @override
    def all(self) -> list[Mount]:
        try:
            names = [entry.name for entry in Path(self._records).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _not_looked_up("the token mounts", error) from error
        agents = sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
        found = (self.find(agent) for agent in agents)
        return [mount for mount in found if mount is not None]

    @override
    def find(self, agent: str) -> Mount | None:
        if not is_agent_name(agent):
            return None
        try:
            descriptor = os.open(self._place(agent), _READ)  # half the time of open(), where there is nothing
            try:
                mount = _read(json.loads(os.read(descriptor, _LIMIT)), self._service)
            finally:
                os.close(descriptor)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        except OSError as error:
            if error.errno in _NO_ENTRY:
                return None
            raise _not_looked_up(f"the mount of {agent}", error) from error
        return mount if mount.agent == agent else None

    @override
    def keep(self, mount: Mount) -> None:
        place = Path(self._place(parse_agent_name(mount.agent)))
        said = {"format": _FORMAT, "service": self._service, **asdict(mount)}
        failing = f"the mount of {mount.agent} cannot be entered"
        try:
            with self._root.opened() as root:
                if root is None:
                    raise DeliveryFailed(f"{failing}: there is no memory for it", advice=_ROOM)
                write_durably(place, json.dumps(said).encode())
        except OSError as error:
            raise DeliveryFailed(f"{failing}: {reason(error)}", advice=_ROOM) from error

    @override
    def forget(self, agent: str) -> bool:
        if self.find(agent) is None:
            return False
        try:
            Path(self._place(agent)).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise DeliveryFailed(
                f"the mount of {agent} cannot be struck out: {reason(error)}", advice="look at the memory file system"
            ) from error
        return True

    def _place(self, agent: str) -> str:
        return f"{self._records}/{agent}{_SUFFIX}"


def _not_looked_up(what: str, error: OSError) -> DeliveryFailed:
    return DeliveryFailed(f"{what} cannot be looked up: {reason(error)}", advice="nothing was changed; try again")


def _read(said: object, service: str) -> Mount:
    """Read a document. Raises `ValueError`, `TypeError` or `KeyError` for one that is not ours."""
    entry = dict(_object(said))
    if entry.pop("format") != _FORMAT or entry.pop("service") != service:
        raise ValueError
    return Mount(
        agent=_text(entry.pop("agent")),
        owner=_owner(entry.pop("owner")),
        opened_at=_number(entry.pop("opened_at")),
        was_read=entry.pop("was_read") is True,
        holders=tuple(_text(each) for each in _array(entry.pop("holders"))),
        deliveries=tuple(_delivery(each) for each in _array(entry.pop("deliveries"))),
        fault=None if (fault := entry.pop("fault")) is None else _text(fault),
        **{name: None if instant is None else _number(instant) for name, instant in entry.items()},
    )


def _owner(said: object) -> Owner:
    return Owner(**{name: _number(value) for name, value in _object(said).items()})


def _delivery(said: object) -> Delivery:
    entry = _object(said)
    return Delivery(
        file=_text(entry["file"]),
        secret=_text(entry["secret"]),
        version=_number(entry["version"]),
        since=_number(entry["since"]),
    )


def _object(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise TypeError
    return said


def _array(said: object) -> list[object]:
    if not isinstance(said, list):
        raise TypeError
    return said


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise TypeError
    return said


def _number(said: object) -> int:
    if not isinstance(said, int) or isinstance(said, bool):
        raise TypeError
    return said
