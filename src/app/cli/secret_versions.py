"""`strongroom secrets`: what a secret was before, and going back to it or doing away with it."""

import click

from app.cli.options import Command, VersionNumber, confirm, example, if_version

version_argument = click.argument("version", type=VersionNumber())


@click.command("history", cls=Command, epilog=example("strongroom secrets history agent_token:reviewer"))
@click.argument("name")
def show_history(name: str) -> None:
    """List the versions of a secret that are kept, of a deleted one too."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.cli.secret_report import history_as_rows, last_read
    from app.documents import last_reading
    from domain.audit import Action
    from domain.errors import NotFound

    with service() as opened:
        versions = opened.secret_history().versions(name)
        read = opened.last_acts().of(Action.SECRET_READ, subject=name).get(name)
    if not versions:
        raise NotFound("no secret ever had that name", advice="`strongroom secrets list` shows which there are")
    rows = aligned(history_as_rows(versions), header=("VERSION", "WRITTEN", "STATE"))
    emit(
        [{**asdict(version), **last_reading(read)} for version in versions],
        [*rows, f"last read: {last_read(read)}"],
    )


@click.command("rollback", cls=Command, epilog=example("strongroom secrets rollback agent_token:reviewer 3"))
@click.argument("name")
@version_argument
@if_version
def roll_back(name: str, version: int, if_version: int | None) -> None:
    """Make an older version a secret's value again, as a new version."""
    from app.cli.opening import service
    from app.cli.output import emit

    with service() as opened:
        new = opened.rollback_secret()(name, version, expected_version=if_version)
    emit({"name": name, "version": new}, f"{name} is as it was at version {version}; that is version {new} now")


@click.command(
    "destroy", cls=Command, epilog=example("strongroom secrets destroy penpot_api_token 3 --confirm penpot_api_token")
)
@click.argument("name")
@version_argument
@confirm
def destroy_version(name: str, version: int, confirm: str | None) -> None:
    """Erase one version for good: its row, free pages and log. Backups made before still hold it."""
    from app.cli.opening import service
    from app.cli.output import emit, say, wants_json
    from app.cli.typed import confirmed_name
    from domain.errors import NotFound

    confirmed_name(name, confirm, what=f"version {version} of the secret {name}")
    with service() as opened:
        if not opened.secret_history().destroy(name, version):
            raise NotFound("that secret has no such version", advice=f"`strongroom secrets history {name}` lists them")
        backups = len(opened.backups().list())
    emit({"name": name, "version": version, "destroyed": True}, f"version {version} of {name} is destroyed")
    if backups and not wants_json():
        say(f"backups made before still hold it, encrypted: there are {backups}")


@click.command("undelete", cls=Command, epilog=example("strongroom secrets undelete penpot_api_token"))
@click.argument("name")
def undelete_secret(name: str) -> None:
    """Bring a deleted secret back as it was."""
    from app.cli.opening import service
    from app.cli.output import emit
    from domain.errors import NotFound

    with service() as opened:
        version = opened.secret_history().undelete(name)
    if version is None:
        raise NotFound(
            "no deleted secret has that name", advice="`strongroom secrets list --deleted` shows which there are"
        )
    emit({"name": name, "version": version}, f"{name} is back, at version {version}")


@click.command("forget-damaged", cls=Command, epilog=example("strongroom secrets forget-damaged --confirm damaged"))
@confirm
@click.pass_context
def forget_damaged(ctx: click.Context, confirm: str | None) -> None:
    """Forget every secret's value that does not open, after a backup and after asking for the word `damaged`."""
    from app.cli.exits import EXIT_CODES
    from app.cli.opening import service
    from app.cli.output import emit, warn
    from app.cli.secret_report import forgotten_as_document, forgotten_as_text
    from app.cli.typed import confirmed_name
    from app.usecases.forget_damaged import damage_left
    from domain.errors import Integrity

    confirmed_name("damaged", confirm, what="every secret's value that does not open")
    with service() as opened:
        forgotten = opened.forget_damaged()()
        left = damage_left(opened.sealed_rows())
    emit(forgotten_as_document(forgotten, left), forgotten_as_text(forgotten, left))
    for damage in left:
        warn(f"still damaged: {damage.message} ({damage.advice})")
    if left:
        ctx.exit(EXIT_CODES[Integrity])
