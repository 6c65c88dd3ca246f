"""The memory from which containers read their tokens."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.mounts import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The memory file system: where it begins, of which kind, and whether the kernel may write it to a swap device.

    `is_own`: it is a file system of its own and no part of a larger one.
    """

    root: str
    filesystem: str
    may_swap: bool
    is_own: bool

    @property
    def is_in_memory(self) -> bool:
        """Tell whether it is a memory file system at all."""
        return self.filesystem in {"tmpfs", "ramfs"}


class TokenMount(Protocol):
    """A directory an agent, which a container is given whole, and which is never replaced.

    In it files of one token each. Whoever reads one sees the old token or the new one, and never half of
    one or none. Callers hold the lock on mounts while they change something.
    """

    @abstractmethod
    def prepare(self) -> Memory:
        """Make the memory ready, with a memory file system of its own if we may mount one.

        Raises `MountRefused`, with nothing written, if what is there is not in memory, or another service's.
        """

    @abstractmethod
    def look(self) -> Memory | None:
        """Say what is there, in memory or not, ours or not; None if nothing is. Changes nothing."""

    @abstractmethod
    def directory(self, agent: str) -> str:
        """Return the directory that a container of `agent` is given, be it there or not."""

    @abstractmethod
    def write(self, agent: str, file: str, content: bytes, owner: Owner) -> bool:
        """Put `content` at `file` (a relative path) below the directory of `agent`, readable by `owner` alone.

        Tells whether that changed anything: a file that is there as it should be is left as it is. Follows
        no link; one that stands in the way is replaced. Raises `DeliveryFailed`, and then what was there
        is there still; `Invalid` for a path that leads elsewhere.
        """

    @abstractmethod
    def wipe(self, agent: str, file: str) -> bool:
        """Take a file away so that who has it open reads nothing, either; tells whether it was there.

        Raises `DeliveryFailed`.
        """

    @abstractmethod
    def sweep(self, keep: Mapping[str, Collection[str]]) -> list[str]:
        """Wipe everything but the files to `keep` by agent; returns `<agent>/<file>` of each that was there, sorted.

        What was left half written goes, too. Directories of agents stay. Raises `DeliveryFailed` once all
        else is wiped.
        """

    @abstractmethod
    def release(self) -> bool:
        """Take away the memory file system if we mounted it and nothing uses it; tells whether it is gone."""
