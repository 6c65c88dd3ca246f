"""Restoring a backup: the one thing that is done to a database without opening it as a service first."""

from pathlib import Path

from app.boot import open_service, reconcile_mounts
from app.container import Container, open_container
from app.settings import Settings
from domain.backups import Backup
from domain.errors import Conflict, DomainError, KeyRefused
from domain.ports import Progress
from domain.restores import Restored, RestorePlan


def manifest_of(settings: Settings, file: str) -> Backup:
    """Return what the manifest says of the backup `file`, a name or a path. Raises as `plan_restore` does."""
    directory, name = _located(settings, file)
    return _container(settings, directory, None).database_restore().manifest(name)


def plan_restore(settings: Settings, file: str, progress: Progress | None = None) -> RestorePlan:
    """Check the backup `file`, a name or a path, as a restore does, and say what one would do; writes nothing.

    Raises `NotFound`, `Integrity` (`KeyRefused` for another master key), `DatabaseUnusable` or `Conflict`.
    """
    directory, name = _located(settings, file)
    return _container(settings, directory, progress).restore_backup().plan(name)


def restore(settings: Settings, file: str, progress: Progress | None = None) -> Restored:
    """Put the backup `file` in the place of the database, and give open token mounts what it holds.

    Raises as `plan_restore` does, and `Busy`; then the database is byte for byte as it was.
    """
    directory, name = _located(settings, file)
    restored = _container(settings, directory, progress).restore_backup()(name)
    try:
        service = open_service(settings, progress)
    except DomainError as error:  # the restore itself is done
        if progress is not None:
            progress.note(f"token mounts could not be looked at: {error.message}")
        return restored
    try:
        reconcile_mounts(service)
    finally:
        service.database().close()
    return restored


def _container(settings: Settings, directory: Path, progress: Progress | None) -> Container:
    """Return a container with the master key that is configured, whatever the database is sealed under."""
    container = open_container(settings, progress)
    source = container.key_source()
    if source.staged() is not None:
        raise Conflict(
            "a change of the master key was interrupted, or is at work just now",
            advice="run `strongroom status` first: it ends the change",
        )
    master = source.load()
    if master is None:
        raise KeyRefused(
            f"the master key is missing: {', '.join(source.places())} holds none",
            advice="put the master key in place that the backup was made under; nothing was written",
        )
    container.master_key.override(master)
    container.restored_from.override(directory)
    return container


def _located(settings: Settings, file: str) -> tuple[Path, str]:
    """Return the directory of a backup and its name there; a name alone is one of the backup directory first."""
    path = Path(file)
    if path.name == file and ((settings.backup_dir / file).exists() or not path.exists()):
        return settings.backup_dir, file
    return path.parent.absolute(), path.name
