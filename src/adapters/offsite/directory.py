"""A directory elsewhere: a file is written beside its name, read back, and only then renamed."""

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import PurePosixPath
from typing import Any

from typing_extensions import override

from adapters.offsite.place import Place
from adapters.offsite.streams import Counted, Writable

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
_PARTIAL = ".partial"


class Directory(Place):
    """What SFTP and a disk have in common. `_files` is the fsspec file system."""

    def __init__(self, files: Any, path: str) -> None:  # noqa: ANN401 - fsspec has no types
        self._files = files
        self._path = PurePosixPath(path)

    @abstractmethod
    def _make(self) -> None:
        """Make the directory if it is missing, for its owner only."""

    @abstractmethod
    def _created(self, path: str) -> AbstractContextManager[Writable]:
        """Open a new file for writing, for its owner only before a byte is in it."""

    def _rename(self, partial: str, final: str) -> None:
        """Give a file its name, in one step, and in the place of one that has it."""
        self._files.mv(partial, final)

    @override
    def sizes(self) -> dict[str, int]:
        try:
            found = self._files.ls(str(self._path), detail=True)
        except FileNotFoundError:
            return {}
        return {PurePosixPath(each["name"]).name: each["size"] for each in found if each["type"] == "file"}

    @override
    def put(self, name: str, fill: Callable[[Writable], None]) -> int:
        partial = name + _PARTIAL
        self._make()
        try:
            with self._created(self._at(partial)) as file:
                written = Counted(file)
                fill(written)
            self._require_readable(partial, written)
            self._rename(self._at(partial), self._at(name))
        except BaseException:
            with suppress(Exception):  # the next push writes over it
                self._files.rm_file(self._at(partial))
            raise
        return written.bytes

    def _at(self, name: str) -> str:
        return str(self._path / name)
