"""Files that are written for a person: old files put back, and a key kit. No part of the service itself."""

from pathlib import Path

from adapters.filesystem import FileOAuthTokenStore, FileSecretStore, FileSessionStore, create_durably
from adapters.filesystem.legacy_file_sink import DirectoryLegacyFileSink
from app.usecases.export_legacy_files import Stores
from domain.ports import Clock, LegacyFileSink


def write_private_file(path: Path, text: str) -> None:
    """Write a new file that its owner alone can read; raises `FileExistsError`, and `OSError`."""
    create_durably(path, text.encode())


def directory_sink(directory: Path) -> LegacyFileSink:
    """Return a new directory in which old files can be put back."""
    return DirectoryLegacyFileSink(directory)


def file_stores(directory: Path, clock: Clock) -> Stores:
    """Return the old version's own stores below `directory`."""
    state, config = directory / "state", directory / "config"
    return Stores(
        sessions=FileSessionStore(state / "sessions.json", clock),
        secrets=FileSecretStore(config, clock),
        oauth_tokens=FileOAuthTokenStore(state, clock),
    )
