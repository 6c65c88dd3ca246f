"""Where the wrapped data keys are kept."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.keys import DataKey


class DataKeyStore(Protocol):
    """Data keys, wrapped by the master key."""

    @abstractmethod
    def add(self, keys: list[DataKey]) -> None:
        """Store new data keys, all or none."""

    @abstractmethod
    def activate(self, key: DataKey, *, instead_of: str | None = None) -> None:
        """Store a new active sealing key; the one that was active opens only, from the same moment on.

        With `instead_of` the store first compares: that key must be the active one. Raises `Conflict`
        (nothing is changed) if another is, or if the stored keys are wrapped by another master key.
        """

    @abstractmethod
    def retire(self, key_id: str) -> None:
        """Retire a key that opens only; one that is retired stays so.

        Raises `Conflict` while any row names it, or if it is active, and `NotFound`.
        """

    @abstractmethod
    def rewrap(self, keys: Sequence[DataKey]) -> None:
        """Replace how keys are wrapped (`wrapped`, `master_fingerprint`), all or none, found by their id.

        Raises `Conflict` if the keys in the store are not exactly these: one was made meanwhile.
        """

    @abstractmethod
    def erase_former_wrapping(self) -> None:
        """Make sure that no byte of how the keys were wrapped before is left in the store. In no transaction.

        Until then who has the former master key could open them. Raises `Busy` if a reader holds some.
        """

    @abstractmethod
    def list(self) -> list[DataKey]:
        """Return every data key, oldest first."""
