"""The memory file system for token mounts: recognised, mounted if we may, claimed, and given back."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.filesystem import kernel
from adapters.filesystem import token_directory as tokens
from adapters.filesystem.atomic import PRIVATE_DIRECTORY, create_durably
from adapters.filesystem.faults import reason
from adapters.filesystem.token_directory import PASSABLE
from domain.errors import MountRefused
from domain.ports import Memory

AGENTS, RECORDS, _SERVICE = "agents", "records", "service"
_PARENT = 0o755
_OTHERS_WRITE = 0o022
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPTIONS = "size=64m,nr_inodes=16384,mode=0700"
_OURS = re.compile(rf"{AGENTS}|{RECORDS}|\.?{_SERVICE}(\..+)?")
"""What we put below the root, with what a process leaves there that is killed while it claims it."""

_ADMIN = 1 << 21
"""CAP_SYS_ADMIN, without which nobody mounts (capabilities(7))."""

_SPARE = Path("/dev/shm")  # noqa: S108 - only named in an advice
_IDENTITY_LIMIT = 4_096


class MemoryRoot:
    """The directory `path`, and in it `agents/`, `records/` and the name of the `service` whose they are."""

    def __init__(self, path: Path, service: str) -> None:
        self.path = path
        self._service = service

    def prepare(self) -> Memory:
        """Make it ready. Raises `MountRefused`, with nothing written, where no token may be."""
        made: list[Path] = []
        try:
            return self._prepared(made)
        except BaseException as error:
            for path in reversed(made):
                with suppress(OSError):  # another process has put something there by now
                    path.rmdir()
            if not isinstance(error, OSError):
                raise
            raise MountRefused(
                f"{self.path} cannot be made ready for token mounts: {reason(error)}", advice=_advice()
            ) from error

    def look(self) -> Memory | None:
        """Say what is there; None if nothing is. Changes nothing."""
        try:
            with _directory_at(self.path) as root:
                return self._described(root)
        except OSError:
            return None

    @contextmanager
    def opened(self) -> Iterator[int | None]:
        """Give a descriptor of the root for a `with` block; None if it is not there, or another service's."""
        try:
            root = os.open(self.path, _OPEN)
        except (FileNotFoundError, NotADirectoryError):
            yield None
            return
        try:
            yield root if self._claimant() == self._service else None
        finally:
            os.close(root)

    def release(self) -> bool:
        """Unmount what we mounted, if nothing but empty directories is in it; tells whether it is gone."""
        try:
            with self.opened() as root:
                if root is None or not kernel.is_mount_point(root) or kernel.filesystem(root).source != kernel.OURS:
                    return False
                if not _is_empty(root):
                    return False
        except OSError:
            return False
        return kernel.unmount(self.path)

    def _prepared(self, made: list[Path]) -> Memory:
        self._make_directory(made)
        with _directory_at(self.path) as found:
            self._refuse_unsafe(found)
            self._refuse_claimed()
            if not self._is_ready(found) and _can_mount():
                self._mount_over(found)
        with _directory_at(self.path) as root:
            self._refuse_disk(root)
            self._claim()
            with tokens.directory(root, AGENTS, make=PASSABLE), tokens.directory(root, RECORDS, make=PRIVATE_DIRECTORY):
                pass
            return self._described(root)

    def _make_directory(self, made: list[Path]) -> None:
        """Make the directory, unless it would be on a disk on which we cannot mount; names what was made."""
        if self.path.is_symlink():
            raise MountRefused(
                f"{self.path} is a link", advice="name the directory that it leads to in STRONGROOM_RUNTIME_DIR"
            )
        nearest = next(path for path in (self.path, *self.path.parents) if path.is_dir())
        if not _can_mount():
            with _directory_at(nearest.resolve()) as descriptor:
                self._refuse_disk(descriptor)
        for path in (*reversed(self.path.parents), self.path):
            # A runtime passes as root, or as this user. Another user of the number that a file belongs to must not.
            mode = PRIVATE_DIRECTORY if path == self.path else _PARENT
            try:
                path.mkdir(mode)
            except OSError:
                if not path.is_dir():
                    raise
            else:
                made.append(path)
                path.chmod(mode)  # whatever the umask is

    def _refuse_unsafe(self, root: int) -> None:
        found = os.fstat(root)
        if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
            raise MountRefused(
                f"{self.path} belongs to another user, or others may write to it",
                advice="name a directory of this user in STRONGROOM_RUNTIME_DIR, of mode 0700",
            )

    def _is_ready(self, root: int) -> bool:
        """Tell whether tokens may be in what is there: it is ours already, or memory of its own that never swaps."""
        found = kernel.filesystem(root)
        if found.is_in_memory and self._claimant() == self._service:
            return True
        return found.is_in_memory and found.never_swaps and kernel.is_mount_point(root) and not _strangers(root)

    def _mount_over(self, root: int) -> None:
        """Mount a file system of our own on the directory, once, however many processes try; not, if we may not."""
        if _strangers(root):
            raise MountRefused(
                f"{self.path} is not empty, and memory that is mounted there would hide what is in it",
                advice="name an empty directory in STRONGROOM_RUNTIME_DIR, or one that is not there",
            )
        fcntl.flock(root, fcntl.LOCK_EX)
        with _directory_at(self.path) as now:
            if not os.path.samestat(os.fstat(now), os.fstat(root)):
                return  # another process was faster
        with suppress(PermissionError):  # in a container, say: then it depends on what is there
            kernel.mount_tmpfs(self.path, _OPTIONS)

    def _refuse_disk(self, directory: int) -> None:
        if not kernel.filesystem(directory).is_in_memory:
            raise MountRefused(f"{self.path} is on a disk, where no token may be", advice=_advice())

    def _claim(self) -> None:
        try:
            create_durably(self.path / _SERVICE, self._service.encode())
        except FileExistsError:
            self._refuse_claimed()

    def _refuse_claimed(self) -> None:
        claimant = self._claimant()
        if claimant not in {None, self._service}:
            raise MountRefused(
                f"{self.path} holds the token mounts of the service in {claimant}, and this is the one in "
                f"{self._service}",
                advice="name a directory of its own for each in STRONGROOM_RUNTIME_DIR",
            )

    def _claimant(self) -> str | None:
        try:
            with (self.path / _SERVICE).open("rb") as file:
                return file.read(_IDENTITY_LIMIT).decode(errors="replace")
        except FileNotFoundError:
            return None

    def _described(self, root: int) -> Memory:
        found = kernel.filesystem(root)
        is_own = kernel.is_mount_point(root)
        return Memory(root=str(self.path), filesystem=found.kind, may_swap=found.may_swap, is_own=is_own)


@contextmanager
def _directory_at(path: Path) -> Iterator[int]:
    descriptor = os.open(path, _OPEN)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _strangers(root: int) -> list[str]:
    return [name for name in tokens.names(root) if not _OURS.fullmatch(name)]


def _is_empty(root: int) -> bool:
    """Tell whether there are neither files of agents nor records; one that was never finished is none."""
    with tokens.directory(root, RECORDS) as records, tokens.directory(root, AGENTS) as agents:
        is_noted = any(not name.startswith(".") for name in tokens.names(records))
        return not is_noted and tokens.holds_only_directories(agents)


def _can_mount() -> bool:
    held = re.search(r"^CapEff:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return held is not None and bool(int(held[1], 16) & _ADMIN)


def _advice() -> str:
    """Name a place in memory that this user can write to, if there is one."""
    try:
        with _directory_at(_SPARE) as descriptor:
            if kernel.filesystem(descriptor).is_in_memory and os.access(_SPARE, os.W_OK):
                return f"run this as root, or set STRONGROOM_RUNTIME_DIR={_SPARE}/claude-hooks, which is in memory"
    except OSError:
        pass
    return "run this as root, which can mount memory there, or name a directory on tmpfs in STRONGROOM_RUNTIME_DIR"
