"""Every secret in the clear, to compare other things with."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Protocol

from domain.remnants import StoredValue


class StoredValues(Protocol):
    """All that is secret, whatever table it is in."""

    @abstractmethod
    def reveal(self) -> Iterator[StoredValue]:
        """Give the value of every secret, old versions too, both tokens of each forge and archived token files.

        One at a time, so that they need not all be held. A value that does not open is left out.
        """
