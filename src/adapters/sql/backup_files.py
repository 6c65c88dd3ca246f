"""Backup files and their manifests: names, durable writes, and what is left of those that were interrupted."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from adapters.sql.claims import claimed, is_abandoned
from adapters.sql.durable import make_directory, sync
from domain.backups import Backup, manifest_of, parse_manifest
from domain.errors import Conflict, Integrity, Invalid, NotFound

PARTIAL = ".partial"
_STAMP = r"\d{8}T\d{6}Z(-\d+)?"
_ANY_NAME = re.compile(rf"[^/\0]+\.bak-{_STAMP}")
_MANIFEST_LIMIT = 16 * 1_024 * 1_024


class BackupDirectory:
    """The directory in which `<database>.bak-<UTC timestamp>` and `….json` lie; nothing else in it is ours."""

    def __init__(self, directory: Path, database_name: str) -> None:
        self.path = directory
        self._prefix = f"{database_name}.bak-"
        name = re.escape(self._prefix) + _STAMP
        self._ours = re.compile(name)
        self._leftover = re.compile(
            rf"(?P<backup>{name})((\.json)?(?P<unfinished>{re.escape(PARTIAL)})(-journal|-wal|-shm)?|\.json)"
        )

    @contextmanager
    def reserved(self, now: int) -> Iterator[Path]:
        """Claim a `.partial` of a new name for a `with` block; if that fails, nothing of it is left."""
        stamp = datetime.fromtimestamp(now // 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
        with ExitStack() as stack:
            for sequence in count(1):
                name = self._prefix + stamp + (f"-{sequence}" if sequence > 1 else "")
                try:
                    partial = stack.enter_context(self.claimed(name))
                except Conflict:
                    continue
                yield partial
                return

    @contextmanager
    def claimed(self, name: str) -> Iterator[Path]:
        """Claim the `.partial` of the backup `name` for a `with` block. Raises `Conflict` if there is one."""
        if not self._ours.fullmatch(name):
            raise Invalid(f"not the name of a backup: {self._prefix}<UTC timestamp> was expected")
        make_directory(self.path)
        partial = self.path / (name + PARTIAL)
        if (self.path / name).exists():
            raise Conflict("there is a backup of that name", advice="remove it first, if it is another one")
        try:
            with claimed(partial):
                try:
                    yield partial
                except BaseException:
                    self.discard_leftovers(also=name)
                    raise
        except FileExistsError:
            raise Conflict("a backup of that name is just being made") from None

    def final_name(self, partial: Path) -> str:
        """Tell the name that a `.partial` gets when it is published."""
        return partial.name.removesuffix(PARTIAL)

    def publish(self, partial: Path, backup: Backup) -> None:
        """Give a checked `.partial` its name, durably; its manifest first, so that no backup is ever without."""
        sync(partial)
        self._write_manifest(backup)
        partial.rename(self.path / backup.file)
        sync(self.path)

    def manifests(self) -> list[Backup]:
        """Read every manifest of a backup that is there, oldest first; what is not a manifest is passed over."""
        if not self.path.is_dir():
            return []
        names = (path.name for path in self.path.iterdir() if self._ours.fullmatch(path.name))
        found = (self._read(name) for name in names)
        return sorted((backup for backup in found if backup), key=lambda backup: backup.order)

    def find(self, name: str) -> Backup:
        """Read the manifest of one backup, of another database's name, too. Raises `NotFound`, `Integrity`."""
        if not _ANY_NAME.fullmatch(name) or not (self.path / name).is_file():
            raise NotFound(
                "there is no backup of that name there",
                advice="`strongroom backup list` shows which there are; one elsewhere is named by its path",
            )
        backup = self._read(name)
        if backup is None:
            raise Integrity(
                f"{name} has no manifest {name}.json beside it that says what it should hold",
                advice="put the manifest beside it that was made with it, or take another backup",
            )
        return backup

    def remove(self, name: str) -> None:
        """Remove a backup of ours: the file first, for a manifest alone is known as a leftover. Raises `NotFound`."""
        if not self._ours.fullmatch(name) or self._read(name) is None:
            raise NotFound("there is no backup of that name")
        try:
            (self.path / name).unlink()
        except FileNotFoundError:
            raise NotFound("there is no backup of that name") from None
        sync(self.path)
        (self.path / f"{name}.json").unlink(missing_ok=True)
        sync(self.path)

    def discard_leftovers(self, *, also: str | None = None) -> None:
        """Remove what killed backups left behind: unfinished files, and a manifest whose backup got no name.

        What somebody is writing just now stays, unless it is `also`.
        """
        for path in self.path.glob("*"):
            found = self._leftover.fullmatch(path.name)
            if found is None:
                continue
            partial = self.path / (found["backup"] + PARTIAL)
            # In this order: what is being published loses its partial when it gets its name.
            is_free = found["backup"] == also or not partial.exists() or is_abandoned(partial)
            if is_free and (found["unfinished"] or not (self.path / found["backup"]).exists()):
                path.unlink(missing_ok=True)

    def _write_manifest(self, backup: Backup) -> None:
        manifest = self.path / f"{backup.file}.json"
        partial = manifest.with_name(manifest.name + PARTIAL)
        descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(manifest_of(backup))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(manifest)
        sync(self.path)

    def _read(self, name: str) -> Backup | None:
        try:
            descriptor = os.open(self.path / f"{name}.json", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:  # a pipe of that name is not waited for
                return replace(parse_manifest(file.read(_MANIFEST_LIMIT) or b""), file=name)
        except (OSError, Invalid):
            return None
