"""Start: find the key, open the database, migrate. In that order; the first that fails ends it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from app.container import Container, open_container, plan_only
from app.settings import Settings
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.doctor import Check
from domain.errors import DomainError, Integrity
from domain.instants import DAY_MS
from domain.migrations import MigrationReport, Preference
from domain.mounts import token_files
from domain.ports import Progress


def open_service(settings: Settings, progress: Progress | None = None) -> Container:
    """Check the key, upgrade the schema, and return the service, ready. Moves no files.

    A forge's answer that a killed process left in the journal is saved.

    Raises `KeyRefused` before anything is written, `DatabaseUnusable` or `Busy`.
    """
    container = open_container(settings, progress)
    container.master_key.override(container.unlock()())
    container.cipher()  # opens every canary
    container.settings.override(settings.with_stored(container.setting_store().all()))
    _begin_audit(container)
    container.refresh_connection().recover()
    return container


def migrate(container: Container, *, accept_partial: bool = False, prefer: Preference | None = None) -> MigrationReport:
    """Move the old files in, then let archive and audit log forget what has been there long enough.

    Tokens that came in are in the open mounts when it returns.
    """
    with _collector_paused():
        report = container.migrate()(accept_partial=accept_partial, prefer=prefer)
    ttl = container.settings().archive_ttl_days * DAY_MS
    container.archive().expire(container.clock().now() - ttl)
    _prune_audit(container)
    reconcile_mounts(container)
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


def _begin_audit(container: Container) -> None:
    """Begin the audit log of a new database. Where something is sealed already, one that is missing was removed."""
    log = container.audit()
    if not log.has_begun() and not container.sealed_rows().count_by_key():
        log.begin()


def _prune_audit(container: Container) -> None:
    """A log that does not verify keeps its events, which are evidence, and does not keep the service from starting."""
    try:
        container.prune_audit()(container.settings().audit_ttl_days * DAY_MS)
    except Integrity as error:
        container.progress().note(error.message)


def reconcile_mounts(container: Container) -> None:
    """Bring every token mount to what is stored now.

    What is wrong with a mount keeps the service from nothing: it is told, and looked at again.
    """
    try:
        faults = container.reconcile_mounts()(thorough=True).faults
    except DomainError as error:
        faults = [error]
    for fault in faults:
        container.progress().note(f"token mounts: {fault.message}")


def wipe_mount(settings: Settings, agent: str) -> bool:
    """Wipe an agent's token mount with neither key nor database, and so without an event; tells whether it was there.

    For when these are gone: a token must not stay in a container for want of them. Raises `Busy` or `DeliveryFailed`.
    """
    container = open_container(settings)
    mounts, register = container.token_mount(), container.mount_register()
    with container.mounts_lock().hold(patience_ms=LOCK_PATIENCE_MS):
        was_there = [mounts.wipe(agent, file) for file in token_files(agent)]
        return register.forget(agent) or any(was_there)


def examine(settings: Settings, progress: Progress | None = None, *, deep: bool = False) -> list[Check]:
    """Check everything that can be checked without writing; `deep` opens every value and looks for it elsewhere."""
    container = open_container(settings, progress)
    access = container.examine_access()()
    checks = [*access.checks, *container.examine_surroundings()()]
    if access.key is None:
        return checks
    plan_only(container, access.key)
    try:
        return [*checks, *_examine_inside(container, deep=deep)]
    finally:
        container.database().close()
        container.remnant_search().close()


def mend(settings: Settings) -> list[str]:
    """Mend what can be mended safely, with neither key nor database; says what was done."""
    return open_container(settings).mend()()


def _examine_inside(container: Container, *, deep: bool) -> list[Check]:
    try:
        container.settings.override(container.settings().with_stored(container.unaudited_setting_store().all()))
        container.cipher()  # opens every canary
    except DomainError as error:
        return [Check.of_error("data keys", error)]
    checks = [*container.examine_database()(deep=deep), *container.examine_upkeep()(), *container.examine_jobs()()]
    checks += container.examine_mounts()()
    if deep:
        with _collector_paused():
            checks += container.examine_values()()
    return checks


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
