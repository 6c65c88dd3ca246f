"""Who may do something that only one process may do at a time, for so long."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was given. `fence` grows with each that is given of the same `name`."""

    name: str
    fence: int


class Leases(Protocol):
    """Leases in the database: no transaction is open while one is held, and a killed holder's ends by itself."""

    @abstractmethod
    def acquire(self, name: str, *, ttl_ms: int) -> Lease | None:
        """Take the lease `name` for `ttl_ms`; None while another has it. Never waits.

        A lease whose holder is seen to be gone (a process of this machine that has ended) is given at once.
        """

    @abstractmethod
    def release(self, lease: Lease) -> None:
        """Give a lease back. If another has it by now, that one keeps it."""
