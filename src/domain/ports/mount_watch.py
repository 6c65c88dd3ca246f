"""Who has a token mount, judged by the processes there are and not by what a container runtime says."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol

from domain.mounts import IdMap, Reader


class MountWatch(Protocol):
    """Looks at the processes of this machine, as far as this user may see them.

    A process goes by a name that no other ever has.
    """

    @abstractmethod
    def readers(self) -> list[Reader]:
        """Return the containers that have something of our memory mounted, by agent and pid.

        One that has several such mounts is told once for each. Raises `DeliveryFailed` if it cannot be seen
        who has one, which is no proof that nobody has.
        """

    @abstractmethod
    def myself(self) -> str:
        """Return the name of this process."""

    @abstractmethod
    def living(self, processes: Collection[str]) -> set[str]:
        """Return which of `processes` have not ended."""

    @abstractmethod
    def wait(self, processes: Collection[str], *, timeout_ms: int) -> None:
        """Return when one of `processes` has ended, or the time is over."""

    @abstractmethod
    def id_maps(self, pid: int) -> tuple[IdMap, IdMap]:
        """Return how the namespace of the process `pid` numbers users and groups. Raises `NotFound`."""
