"""Which token mounts are open."""

from abc import abstractmethod
from typing import Protocol

from domain.mounts import Mount


class MountRegister(Protocol):
    """The mounts of this service on this machine. Kept in the memory that they are in, and gone with it.

    What another service has there is as if it were not. Where there is no memory yet, nothing is open. What
    cannot be looked up is no proof of that: every method raises `DeliveryFailed` then.
    """

    @abstractmethod
    def all(self) -> list[Mount]:
        """Return the mounts, sorted by agent; one whose entry is malformed is passed over."""

    @abstractmethod
    def find(self, agent: str) -> Mount | None:
        """Return the mount of `agent`. Asked before most writes of a token, so it is cheap where there is none."""

    @abstractmethod
    def keep(self, mount: Mount) -> None:
        """Enter a mount, in place of what is entered for its agent. Raises `DeliveryFailed`."""

    @abstractmethod
    def forget(self, agent: str) -> bool:
        """Strike out the mount of `agent`; tells whether it was there. Raises `DeliveryFailed`."""
