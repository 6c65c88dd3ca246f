"""`strongroom config`: settings, where each came from, and those that the database may hold."""

from typing import TYPE_CHECKING, Any

import click

from app.cli.options import Group, example

if TYPE_CHECKING:  # `--help` does without it
    from app.settings import Settings


@click.group("config", cls=Group, epilog=example("strongroom config show", "strongroom config set session_ttl_days 60"))
def command() -> None:
    """Settings: their values, and where each came from."""


@command.command("show", epilog=example("strongroom config show --json"))
def show() -> None:
    """Show every setting, secrets masked, and where its value came from."""
    from app.cli.opening import settings
    from app.cli.output import aligned, emit
    from app.setting_documents import setting
    from app.settings import SPECS
    from domain.audit import on_one_line

    found = _with_stored(settings())
    shown: list[dict[str, Any]] = [setting(found, name) for name in SPECS]
    rows = ((s["variable"], on_one_line(_cell(s["value"])), on_one_line(s["origin"])) for s in shown)
    emit(shown, aligned(rows, header=("SETTING", "VALUE", "FROM")))


@command.command("set", epilog=example("strongroom config set session_ttl_days 60"))
@click.argument("name")
@click.argument("value")
def set_setting(name: str, value: str) -> None:
    """Store a setting in the database, for when nothing outside sets it."""
    from app.cli.opening import service
    from app.cli.output import emit, warn
    from app.settings import PREFIX
    from app.stored_settings import parse_storable
    from domain.audit import on_one_line

    name = parse_storable(name, value)
    with service() as opened:
        opened.setting_store().set(name, value)
        found = opened.settings()
    emit({"name": name, "value": value}, f"{name} is {value}")
    if not found.may_be_stored(name):
        warn(f"{PREFIX}{name.upper()} is set from outside ({on_one_line(found.origins[name])}), and that wins")


@command.command("unset", epilog=example("strongroom config unset session_ttl_days"))
@click.argument("name")
def unset_setting(name: str) -> None:
    """Forget a setting that the database holds."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.stored_settings import storable_name
    from domain.errors import NotFound

    name = storable_name(name)
    with service() as opened:
        if not opened.setting_store().unset(name):
            raise NotFound(f"{name} is not stored in the database")
    emit({"name": name, "unset": True}, f"{name} is no longer stored")


def _cell(value: object) -> str:
    """Write a value as one would set it."""
    return "-" if value is None else str(int(value) if isinstance(value, bool) else value)


def _with_stored(found: "Settings") -> "Settings":
    """Lay the settings table under what is set from outside, if the database can be read; writes nothing."""
    from app.cli.output import warn
    from app.container import open_container, plan_only
    from domain.errors import DomainError

    try:
        container = open_container(found)
        facts, master = container.unlock().check()
        if master is None or not facts.sealed_under:
            return found
        plan_only(container, master)
        try:
            return found.with_stored(container.setting_store().all())
        finally:
            container.database().close()
    except DomainError as error:
        warn(f"settings stored in the database are not shown: {error.message}")
        return found
