"""What went wrong with the connections to the forges."""

from abc import abstractmethod
from typing import Protocol

from domain.connections import ConnectionFault


class ConnectionFaults(Protocol):
    """The last fault of each forge. Each method is one transaction."""

    @abstractmethod
    def get(self, forge: str) -> ConnectionFault | None:
        """Return the last fault of `forge`; it may be of a version of the token that is gone by now."""

    @abstractmethod
    def record(self, fault: ConnectionFault) -> None:
        """Note a fault in place of the one before, unless that one is of a later version of the token."""

    @abstractmethod
    def forget(self, fault: ConnectionFault) -> None:
        """Forget a fault, unless another has taken its place."""
