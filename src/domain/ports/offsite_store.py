"""Where copies of backups are kept off this machine."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import BinaryIO, Protocol

from domain.backups import Backup, OffsiteCopy
from domain.values import SecretValue


class OffsiteStore(Protocol):
    """Copies at another place: `<file>` and `<file>.json`, or, encrypted, `<file>.age` and `<file>.json.age`.

    A manifest is written last, so what has none is no copy. Nothing is ever removed there, and what is
    none of ours is passed over. Every method raises `Unreachable` if the place does not answer or refuses
    us, and `Invalid` if what is configured for it makes no sense; the texts are ours, never a library's.
    """

    @abstractmethod
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        """Copy a backup there, whose bytes `content` gives; encrypted if the store is set up so.

        It is read back and compared before its manifest is written. The same copy that is there whole is
        left as it is. Raises `Conflict` if a copy of that name is there that is not the same; `Integrity`
        if `content` is not what `backup` describes, or other bytes are read back; then no copy is there.
        """

    @abstractmethod
    def list(self) -> list[OffsiteCopy]:
        """Return the whole copies, by name; a backup that was pushed plain and encrypted is there twice."""

    @abstractmethod
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        """Return what the manifest of a copy says.

        With `identities` an encrypted copy is preferred, without them one that is not. Raises `NotFound`
        if there is no whole copy of that name, `Invalid` if it is encrypted and no identity opens it,
        `Integrity` if it does not decrypt to the end or is not the manifest of `file`.
        """

    @abstractmethod
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        """Write the bytes of a backup into `into`. Raises as `manifest` does, and what `into` raises.

        What was written before it raises is worth nothing. That the bytes are those of the manifest is
        for the caller to see.
        """
