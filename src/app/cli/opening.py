"""Opening the service for one command: its settings, the container, and the database closed at the end."""

import os
import pwd
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import click

from app.audit import acting_as
from app.boot import open_service
from app.cli.progress import asked_for
from app.cli.root import OWN_PROCESS
from app.container import Container
from app.setting_sources import load_settings
from app.settings import SPECS, Settings


def settings(**flags: object) -> Settings:
    """Gather the settings: `flags` of the command and those before it, over the environment. Raises `Invalid`."""
    before = click.get_current_context().find_root().params
    given = {name: value for name, value in before.items() if name in SPECS}
    return replace(load_settings(os.environ, {**given, **flags}), is_guest=is_guest())


def is_guest() -> bool:
    """Tell whether the command was called from another program's code, as a test does, and not as the program."""
    return click.get_current_context().find_root().obj is not OWN_PROCESS


def as_user() -> AbstractContextManager[None]:
    """Act as the user who called the command, for a `with` block."""
    return acting_as(f"cli:{_user()}")


@contextmanager
def service(given: Settings | None = None) -> Iterator[Container]:
    """Open the service for a `with` block. Raises as `app.boot.open_service` does."""
    with as_user():
        container = open_service(given or settings(), asked_for())
        try:
            yield container
        finally:
            container.database().close()


def _user() -> str:
    """Name the user by what the kernel says of the process, which no environment variable can change."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
