"""The place where old files are put back, in memory."""

from threading import Lock

from typing_extensions import override

from domain.errors import Conflict
from domain.legacy.files import LegacyFile, Root
from domain.ports import LegacyFileSink


class MemoryLegacyFileSink(LegacyFileSink):
    """Files by root and path; `files` is what was put, as it was put."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.files: dict[tuple[Root, str], LegacyFile] = {}

    @override
    def prepare(self) -> None:
        with self._lock:
            if self.files:
                raise Conflict("the directory is not empty")

    @override
    def finish(self) -> None:
        pass

    @override
    def put(self, file: LegacyFile) -> None:
        with self._lock:
            self.files[file.ref.root, file.ref.logical] = file
