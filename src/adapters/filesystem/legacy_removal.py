"""Removing one old file: set aside under a name nobody knows, compared with what was read, and only then unlinked."""

import errno
import fcntl
import hashlib
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from adapters.filesystem.atomic import sync_directory
from adapters.filesystem.faults import reason
from adapters.filesystem.legacy_directory import aside_name
from adapters.filesystem.reading import Unfit, opened_regular
from domain.legacy.files import MIB, Fingerprint
from domain.ports.legacy_file_source import SourceChanged, SourceRemains

_ADVICE = "remove it by hand, or make its directory writable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The removal of the entry `name` of an open directory, if it is still the file `expected`.

    `shown` names it for people. Both ways raise `SourceChanged` and `SourceRemains`; the file then
    stands where it stood.
    """

    directory: int
    name: str
    shown: str
    expected: Fingerprint

    def run(self) -> None:
        """Remove a file that may be replaced by name at any moment."""
        if not self._still_there():
            return
        aside = aside_name(self.name, secrets.token_hex(8))
        try:
            os.rename(self.name, aside, src_dir_fd=self.directory, dst_dir_fd=self.directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise remains(self.shown, error) from None
        try:
            self._unlink_if_same(aside)
        except BaseException:
            self._put_back(aside)
            raise
        self._sync()

    def finish(self) -> None:
        """Remove a file that an earlier removal had set aside."""
        if not self._still_there():
            return
        self._unlink_if_same(self.name)
        self._sync()

    def _still_there(self) -> bool:
        """Compare without reading, so that a file which has obviously changed is never moved at all."""
        try:
            with self._opened(self.name):
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            raise remains(self.shown, error) from None

    def _unlink_if_same(self, name: str) -> None:
        try:
            with self._opened(name) as descriptor:
                if _sha256(descriptor) != self.expected.sha256 or not self._is_as_expected(descriptor):
                    raise self._changed("holds other bytes than were read")
            os.unlink(name, dir_fd=self.directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise remains(self.shown, error) from None

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """Open the file and compare its state; raises `SourceChanged` and `OSError`."""
        try:
            with opened_regular(name, directory=self.directory) as descriptor:
                if not self._is_as_expected(descriptor):
                    raise self._changed("is not the file that was read")
                if _is_being_written(descriptor):
                    raise self._changed("is open for writing in another process")
                yield descriptor
        except Unfit as error:
            raise self._changed(str(error)) from None

    def _is_as_expected(self, descriptor: int) -> bool:
        found, expected = os.fstat(descriptor), self.expected
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) == (
            expected.device,
            expected.inode,
            expected.size,
            expected.mtime_ns,
        )

    def _put_back(self, aside: str) -> None:
        """Give the file its name again, unless another has it now: then it stays aside and is listed next time."""
        with suppress(OSError):
            try:
                os.link(aside, self.name, src_dir_fd=self.directory, dst_dir_fd=self.directory, follow_symlinks=False)
            except FileExistsError:
                return
            except OSError:  # a directory, or a file system or a policy without hard links
                if not self._is_free(self.name):
                    return
                os.rename(aside, self.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
            else:
                os.unlink(aside, dir_fd=self.directory)
            sync_directory(self.directory)

    def _is_free(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return True
        return False

    def _sync(self) -> None:
        try:
            sync_directory(self.directory)
        except OSError as error:
            raise SourceRemains(
                f"{self.shown} was removed, but the removal could not be made durable: {reason(error)}",
                advice="check the disk, and after the next start that the file is gone",
            ) from None

    def _changed(self, why: str) -> SourceChanged:
        return SourceChanged(f"{self.shown} {why}", advice="it was left as it is; the next start reads it again")


def remains(shown: str, error: OSError) -> SourceRemains:
    """Say that the file called `shown` cannot be removed."""
    return SourceRemains(f"{shown} cannot be removed: {reason(error)}", advice=_ADVICE)


def _sha256(descriptor: int) -> bytes:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, MIB):
        digest.update(chunk)
    return digest.digest()


def _is_being_written(descriptor: int) -> bool:
    """Ask for a read lease, which the system refuses while anyone has the file open for writing.

    It is given back at once. Where there are no leases, or not for us, the answer is no.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # the default, SIGIO, would end the process
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
