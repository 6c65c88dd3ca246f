"""What a place for copies can do, whatever stands behind it: a flat directory of files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from adapters.offsite.address import Address
from adapters.offsite.streams import CHUNK, Counted, Readable, Writable
from domain.errors import Integrity, Invalid


class Place(ABC):
    """Files by name. No method removes or changes one that has its name and is whole."""

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Return the names of all files, and how many bytes each has."""

    @abstractmethod
    def reading(self, name: str) -> AbstractContextManager[Readable]:
        """Open a file for reading from its start to its end."""

    @abstractmethod
    def put(self, name: str, fill: Callable[[Writable], None]) -> int:
        """Store what `fill` writes; returns the number of bytes.

        If `fill` raises, or all did not arrive, nothing has the name. Raises `Integrity` if what is read
        back is not what was written.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    def _require_readable(self, name: str, written: Counted) -> None:
        """Read a file back, and compare."""
        with self.reading(name) as file:
            back = Counted(file)
            while back.read(CHUNK):
                pass
        if back.sha256 != written.sha256:
            raise Integrity(
                "what was written off-site reads back otherwise", advice="push again; if it stays so, check that place"
            )


@contextmanager
def opened(address: Address, options: Mapping[str, Any], patience_s: float) -> Iterator[Place]:
    """Open a place for a `with` block. Raises `Invalid` for options that it does not take."""
    try:
        place = _KINDS[address.scheme](address, options, patience_s)
    except (TypeError, ValueError, KeyError):
        raise Invalid(
            "STRONGROOM_OFFSITE_OPTIONS_FILE holds options that this place does not take",
            advice="docs/off-site.md lists them",
        ) from None
    try:
        yield place
    finally:
        place.close()


# Each loads its libraries when it is the one.


def _bucket(address: Address, options: Mapping[str, Any], patience_s: float) -> Place:
    from adapters.offsite.s3 import Bucket  # noqa: PLC0415

    return Bucket(address, options, patience_s)


def _sftp_directory(address: Address, options: Mapping[str, Any], patience_s: float) -> Place:
    from adapters.offsite.sftp import SftpDirectory  # noqa: PLC0415

    return SftpDirectory(address, options, patience_s)


def _local_directory(address: Address, options: Mapping[str, Any], _patience_s: float) -> Place:
    from adapters.offsite.local import LocalDirectory  # noqa: PLC0415

    return LocalDirectory(address, options)


_KINDS = {"s3": _bucket, "sftp": _sftp_directory, "file": _local_directory}
