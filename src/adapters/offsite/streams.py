"""Streams that keep count of what goes through them, and tell our faults from those of the place."""

import hashlib
from typing import Any, BinaryIO, Protocol

from domain.errors import Integrity

CHUNK = 256 * 1_024
"""Bytes that are moved at a time."""


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class Writable(Protocol):
    """What bytes go to."""

    def write(self, data: bytes, /) -> int:
        """Write bytes, and return how many."""


class LocalFault(Exception):
    """What happened on this machine, on its way past whatever tells of the place."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class Counted:
    """Passes bytes from a stream or to one, and keeps their number and SHA-256."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - either kind
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of what went through, in hex."""
        return self._digest.hexdigest()

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        return self._counted(self._stream.read(size))

    def write(self, data: bytes, /) -> int:
        """Write all of `data`."""
        write_all(self._stream, data)
        return len(self._counted(data))

    def _counted(self, data: bytes) -> bytes:
        self._digest.update(data)
        self.bytes += len(data)
        return data


class Local:
    """A file of this machine. Its faults are ours, and pass as `LocalFault`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise LocalFault(error) from None

    def write(self, data: bytes, /) -> int:
        """Write bytes, and return how many."""
        try:
            return self._file.write(data)
        except OSError as error:
            raise LocalFault(error) from None


class Bounded:
    """Holds what is written to it, up to a limit: what comes from elsewhere may be anything."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.content = bytearray()

    def write(self, data: bytes, /) -> int:
        """Keep `data`; raises `Integrity` beyond the limit."""
        self.content += data
        if len(self.content) > self._limit:
            raise Integrity("what lies there as a manifest is too long to be one")
        return len(data)


def write_all(target: Writable, data: bytes) -> None:
    """Write all of `data`, though a stream may take less at a time."""
    while (written := target.write(data)) < len(data):
        data = data[written:]


def move(source: Readable, target: Writable) -> None:
    """Read `source` to its end, and write all of it to `target`."""
    while chunk := source.read(CHUNK):
        write_all(target, chunk)
