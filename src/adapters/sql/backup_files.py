"""Backup files and their manifests: names, durable writes, and what a manifest says."""

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from adapters.sql.durable import make_directory, sync
from domain.backups import Backup

PARTIAL = ".partial"
_MANIFEST_FORMAT = 1


class BackupDirectory:
    """The directory in which `<database>.bak-<UTC timestamp>` and `….json` lie; nothing else in it is ours."""

    def __init__(self, directory: Path, database_name: str) -> None:
        self.path = directory
        self._prefix = f"{database_name}.bak-"
        name = re.escape(self._prefix) + r"\d{8}T\d{6}Z(-\d+)?"
        self._ours = re.compile(name)
        self._leftover = re.compile(
            rf"(?P<backup>{name})((\.json)?(?P<unfinished>{re.escape(PARTIAL)}(-journal|-wal|-shm)?)|\.json)"
        )

    def reserve(self, now: int) -> Path:
        """Create an empty `.partial` file of a new name, readable by its owner only, and return its path."""
        make_directory(self.path)
        stamp = datetime.fromtimestamp(now // 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
        sequence = 1
        while True:
            name = self._prefix + stamp + (f"-{sequence}" if sequence > 1 else "")
            partial = self.path / (name + PARTIAL)
            if not (self.path / name).exists():
                try:
                    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
                except FileExistsError:
                    pass
                else:
                    return partial
            sequence += 1

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
        names = sorted(p.name for p in self.path.iterdir() if self._ours.fullmatch(p.name))
        found = (self._read(self.path / f"{name}.json") for name in names)
        return sorted((backup for backup in found if backup), key=lambda backup: backup.created_at)

    def discard_partials(self) -> None:
        """Remove what a killed backup left behind: unfinished files, and a manifest whose backup got no name."""
        for path in self.path.glob("*"):
            found = self._leftover.fullmatch(path.name)
            if found and (found["unfinished"] or not (self.path / found["backup"]).exists()):
                path.unlink(missing_ok=True)

    def _write_manifest(self, backup: Backup) -> None:
        manifest = self.path / f"{backup.file}.json"
        partial = manifest.with_name(manifest.name + PARTIAL)
        text = json.dumps({"format": _MANIFEST_FORMAT, **asdict(backup)}, indent=2) + "\n"
        descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(manifest)
        sync(self.path)

    def _read(self, manifest: Path) -> Backup | None:
        try:
            said = json.loads(manifest.read_bytes())
            if said.pop("format") != _MANIFEST_FORMAT:
                return None
            return Backup(**{**said, "covers": tuple(said["covers"])})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
