"""Another disk of this machine, as a place for copies."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from typing_extensions import override

from adapters.offsite.address import Address
from adapters.offsite.directory import PRIVATE_DIRECTORY, PRIVATE_FILE, Directory
from adapters.offsite.streams import Readable, Writable


class LocalDirectory(Directory):
    """Synced file by file: the disk may be pulled out once we have said that a copy is there."""

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        super().__init__(LocalFileSystem(skip_instance_cache=True, **options), address.path)

    @override
    def close(self) -> None:
        pass

    @override
    def _make(self) -> None:
        # Nothing above it: below the mount point of a disk that is not mounted, this would be our own disk.
        Path(self._path).mkdir(PRIVATE_DIRECTORY, exist_ok=True)

    @override
    @contextmanager
    def reading(self, name: str) -> Iterator[Readable]:
        with self._files.open(self._at(name), "rb") as file:
            yield file

    @override
    @contextmanager
    def _created(self, path: str) -> Iterator[Writable]:
        Path(path).unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE_FILE))
        with self._files.open(path, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    @override
    def _rename(self, partial: str, final: str) -> None:
        super()._rename(partial, final)
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
