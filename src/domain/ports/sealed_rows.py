"""Every sealed value of the database, whatever table it is in."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A sealed value that does not open: where it is, what it belongs to, and why (`cause` of the error).

    `key_id` is the data key that the value itself names; None if it is no sealed value. `in_value` is
    false where all values may open, and the row that says which of them counts was changed.
    """

    table: str
    row: str
    subject: str
    code: str
    message: str
    advice: str | None = None
    key_id: str | None = None
    in_value: bool = True


class SealedRows(Protocol):
    """Sealed columns are found from the table metadata, never from a list kept by hand."""

    @abstractmethod
    def count_by_key(self) -> dict[str, int]:
        """Count the sealed values that name each data key, history and archive included."""

    @abstractmethod
    def reseal(self, key_id: str, *, limit: int) -> int:
        """Seal the values of up to `limit` rows that name `key_id` again, under the active key, in one transaction.

        Returns how many values; 0 when none is left that opens. Values of one row are sealed together.
        Readers and writers go on; a value that changes meanwhile is left to its writer. Killed at any
        moment, nothing is lost. A row that does not open is left as it is and reported by `verify`.
        """

    @abstractmethod
    def verify(self, *, on_progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        """Open every sealed value; returns those that do not open, and those that name another key than their row.

        `on_progress(done, total)` is called often.
        """
