"""The old files as they lie in the two directories of the old version."""

import errno
import hashlib
import os
import stat
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.faults import reason
from adapters.filesystem.legacy_directory import LegacyDirectories
from adapters.filesystem.legacy_permission import may_remove
from adapters.filesystem.legacy_removal import Removal, remains
from adapters.filesystem.reading import TooLarge, Unfit, opened_regular, read_whole
from domain.errors import NotFound
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef, size_limit
from domain.ports import LegacyFileSource
from domain.ports.legacy_file_source import SourceChanged, SourceTooLarge, SourceUnreadable


class DirectoryLegacyFileSource(LegacyFileSource):
    """The files below `state_dir` and `config_dir`, by descriptor from the directory on."""

    def __init__(self, state_dir: Path, config_dir: Path) -> None:
        self._directories = LegacyDirectories(state_dir, config_dir)

    @override
    def read(self, ref: LegacyRef) -> LegacyFile:
        try:
            with (
                self._directories.holding(ref) as (directory, name),
                opened_regular(name, directory=directory) as descriptor,
            ):
                content, found = read_whole(descriptor, size_limit(ref.logical))
        except FileNotFoundError:
            raise NotFound(f"{ref.shown} is not there") from None
        except TooLarge as error:
            raise SourceTooLarge(f"{ref.shown} {error}") from None
        except Unfit as error:
            raise SourceUnreadable(f"{ref.shown} {error}") from None
        except OSError as error:
            raise SourceUnreadable(
                f"{ref.shown} cannot be read: {reason(error)}",
                advice="check the permissions of the file and of its directory",
            ) from None
        return _legacy_file(ref, content, found)

    @override
    def remove(self, ref: LegacyRef, fingerprint: Fingerprint) -> None:
        try:
            with self._directories.holding(ref) as (directory, name):
                removal = Removal(directory=directory, name=name, shown=ref.shown, expected=fingerprint)
                if ref.aside_of is None:
                    removal.run()
                else:
                    removal.finish()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise SourceChanged(f"{ref.shown} is not in the directory any more that it was read from") from None
            raise remains(ref.shown, error) from None

    @override
    def can_remove(self, ref: LegacyRef) -> bool:
        try:
            with self._directories.holding(ref) as (directory, name):
                return may_remove(directory, name)
        except FileNotFoundError:
            return True
        except OSError:
            return False

    @override
    def list(self) -> list[LegacyRef]:
        return sorted(self._directories.entries())


def _legacy_file(ref: LegacyRef, content: bytes, found: os.stat_result) -> LegacyFile:
    return LegacyFile(
        ref=ref,
        content=content,
        mode=stat.S_IMODE(found.st_mode),
        links=found.st_nlink,
        fingerprint=Fingerprint(
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            sha256=hashlib.sha256(content).digest(),
        ),
    )
