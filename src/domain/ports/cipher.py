"""Sealing values, and recognising values once seen."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SealContext:
    """Where a sealed value belongs. It opens nowhere else (docs/formats.md).

    `row_id` is the immutable UUID of the row (never an auto-increment number, so that rows can move
    between databases); `subject` names the value in error messages and binds nothing.
    """

    kind: str
    row_id: str
    version: int
    field: str
    subject: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value and the data key it names."""

    key_id: str
    blob: bytes


class Cipher(Protocol):
    """Authenticated encryption under the active data key."""

    @property
    @abstractmethod
    def seals_per_key(self) -> int:
        """How many values one data key may seal; whoever stores sealed values counts them, and asks for `renew`."""

    @abstractmethod
    def renew(self) -> None:
        """Look at the stored keys again, because the one that was active seals no more.

        Another process may have made the next one. If not, and the active one has sealed as many
        values as it may, it is made now, in a transaction of its own unless the thread is in one.
        """

    @abstractmethod
    def seal(self, plaintext: bytes, context: SealContext) -> Sealed:
        """Seal `plaintext` for one place; twice the same gives different bytes."""

    @abstractmethod
    def open(self, blob: bytes, context: SealContext) -> bytes:
        """Return the plaintext. Tries no key but the one that `blob` names.

        Raises `NotSealed`, `UnknownKey` (never had, or retired) or, where moved and tampered with cannot
        be told apart, `Integrity`.
        """

    @abstractmethod
    def key_named_by(self, blob: bytes, context: SealContext) -> str:
        """Return the id of the data key that `blob` names, without opening it. Raises `NotSealed`."""

    @abstractmethod
    def digest(self, kind: str, value: bytes) -> str:
        """Return a keyed hash of `value` (hex). The same for good: rotation of keys does not change it."""

    @abstractmethod
    def seal_aside(self, plaintext: bytes, context: SealContext) -> bytes:
        """Seal a value that lies outside the database for a moment, under a key that outlives every rotation.

        It is counted nowhere: for what is sealed once an hour, and not for stored values.
        """

    @abstractmethod
    def open_aside(self, blob: bytes, context: SealContext) -> bytes:
        """Return what `seal_aside` sealed; raises `Integrity`."""
