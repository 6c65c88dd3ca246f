"""Old files put back below a new directory: `state/` and `config/`, as the old directories were."""

from pathlib import Path

from typing_extensions import override

from adapters.filesystem.atomic import make_private_directory, write_durably
from adapters.filesystem.faults import reason
from domain.errors import Conflict, DatabaseUnusable
from domain.legacy.files import LegacyFile, Root
from domain.ports import LegacyFileSink


class DirectoryLegacyFileSink(LegacyFileSink):
    """Writes below `directory`, which must be new or empty."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @override
    def prepare(self) -> None:
        if self._directory.exists() and (not self._directory.is_dir() or any(self._directory.iterdir())):
            raise Conflict(f"{self._directory} is not empty", advice="name a new or an empty directory")
        for root in Root:
            make_private_directory(self._directory / root)

    @override
    def finish(self) -> None:
        for root in Root:
            for lock in (self._directory / root).glob(".*.lock"):
                lock.unlink(missing_ok=True)

    @override
    def put(self, file: LegacyFile) -> None:
        path = self._directory / file.ref.root / file.ref.path
        try:
            make_private_directory(path.parent)
            write_durably(path, file.content, mode=file.mode, mtime_ns=file.fingerprint.mtime_ns)
        except OSError as error:
            raise DatabaseUnusable(f"{path} cannot be written: {reason(error)}") from None
