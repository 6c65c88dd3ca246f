"""Start: find the key, open the database, migrate. In that order; the first that fails ends it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from app.container import Container, open_container, plan_only
from app.settings import Settings
from domain.instants import DAY_MS
from domain.migrations import MigrationReport, Preference
from domain.ports import Progress


def open_service(settings: Settings, progress: Progress | None = None) -> Container:
    """Check the key, upgrade the schema, and return the service, ready. Moves no files.

    Raises `KeyRefused` before anything is written, `DatabaseUnusable` or `Busy`.
    """
    container = open_container(settings, progress)
    container.master_key.override(container.unlock()())
    container.cipher()  # opens every canary
    container.settings.override(settings.with_stored(container.setting_store().all()))
    return container


def migrate(container: Container, *, accept_partial: bool = False, prefer: Preference | None = None) -> MigrationReport:
    """Move the old files in, then let the archive forget what has been there long enough."""
    with _collector_paused():
        report = container.migrate()(accept_partial=accept_partial, prefer=prefer)
    ttl = container.settings().archive_ttl_days * DAY_MS
    container.archive().expire(container.clock().now() - ttl)
    return report


def plan(
    settings: Settings,
    progress: Progress | None = None,
    *,
    accept_partial: bool = False,
    prefer: Preference | None = None,
) -> MigrationReport:
    """Say what `migrate` would do, without writing a byte."""
    container = open_container(settings, progress)
    facts, master = container.unlock().check()
    plan_only(container, master if facts.sealed_under else None)
    try:
        return container.migrate()(dry_run=True, accept_partial=accept_partial, prefer=prefer)
    finally:
        if facts.sealed_under:
            container.database().close()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking through a million live sessions again and again: a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
