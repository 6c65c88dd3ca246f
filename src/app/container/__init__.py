"""Which adapter stands behind which port, and which ports a use case is given. Nothing else knows adapters.

A class a file, each on top of the one before: ground, stores, mounts, migrations, keys, secrets,
connections, upkeep, housekeeping, checkup. What is provided is found in the file that is named for it.
"""

from collections.abc import Callable

from dependency_injector import providers

from app.container.checkup import Checkup
from app.container.ground import LOCK_NAME as LOCK_NAME
from app.container.ground import sqlite_driver as sqlite_driver
from app.container.planning import plan_only as plan_only
from app.settings import Settings
from domain.keys import MasterKey
from domain.ports import Progress


class Container(Checkup):
    """The whole service. Every provider makes its object once; tests override providers with memory adapters.

    `master_key` is given by `app.boot` after the key was checked.
    """


def open_container(settings: Settings, progress: Progress | None = None) -> Container:
    """Return a container for `settings`; nothing is opened yet."""
    container = Container(settings=settings)
    container.cipher.add_kwargs(succeed=_succession(container))
    if progress is not None:
        container.progress.override(providers.Object(progress))
    return container


def _succession(container: Container) -> Callable[[MasterKey, str], None]:
    """Ask for the use case only when it is needed: it needs the log, and the log the cipher."""

    def succeed(master: MasterKey, instead_of: str) -> None:
        container.succeed_data_key()(master, instead_of)

    return succeed
