"""A directory on an SFTP server, as a place for copies."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fsspec.implementations.sftp import SFTPFileSystem
from typing_extensions import override

from adapters.offsite.address import Address
from adapters.offsite.directory import PRIVATE_DIRECTORY, PRIVATE_FILE, Directory
from adapters.offsite.ssh import connected
from adapters.offsite.streams import Readable, Writable

_PIECE = 32_768
"""The most bytes that every server answers a read with."""

_WINDOW = 64 * _PIECE
"""Bytes that are asked for ahead, so that a distant server is not waited for piece by piece."""


class SftpDirectory(Directory):
    """One connection, made when it is opened."""

    def __init__(self, address: Address, options: Mapping[str, Any], patience_s: float) -> None:
        named = {"username": address.user, "port": address.port}
        said = {**{name: value for name, value in named.items() if value is not None}, **options}
        files = _KnownHosts(address.host, skip_instance_cache=True, patience_s=patience_s, **said)
        super().__init__(files, address.path)

    @override
    def close(self) -> None:
        self._files.client.close()

    @override
    def _make(self) -> None:
        self._files.makedirs(str(self._path), exist_ok=True, mode=PRIVATE_DIRECTORY)

    @override
    @contextmanager
    def reading(self, name: str) -> Iterator[Readable]:
        with self._files.open(self._at(name), "rb") as file:
            yield _ReadAhead(file)

    @override
    @contextmanager
    def _created(self, path: str) -> Iterator[Writable]:
        with self._files.open(path, "wb") as file:
            file.chmod(PRIVATE_FILE)
            file.set_pipelined(True)  # what a write was answered is seen later, at the latest when it is read back
            yield _Whole(file)


class _KnownHosts(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's, but only to servers that are known: its own takes whichever key it is shown."""

    def _connect(self) -> None:
        self.client, self.ftp = connected(self.host, **self.ssh_kwargs)


class _Whole:
    """paramiko writes all, and does not say how much."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - paramiko has no types
        self._file = file

    def write(self, data: bytes, /) -> int:
        self._file.write(data)
        return len(data)


class _ReadAhead:
    """Reads a file from its start to its end, a window at a time."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - paramiko has no types
        self._file = file
        self._pieces = self._read_pieces(file.stat().st_size)
        self._left = b""

    def read(self, size: int, /) -> bytes:
        piece = self._left or next(self._pieces, b"")
        self._left = piece[size:]
        return piece[:size]

    def _read_pieces(self, length: int) -> Iterator[bytes]:
        for start in range(0, length, _WINDOW):
            end = min(start + _WINDOW, length)
            yield from self._file.readv([(at, min(_PIECE, end - at)) for at in range(start, end, _PIECE)])
