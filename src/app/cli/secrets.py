"""`strongroom secrets`: list, read, write and delete; the rest of the group is in `secret_versions` and `drill`."""

import sys

import click

from app.cli.drill import drill
from app.cli.options import Group, SecretReadingCommand, VersionNumber, confirm, example, from_file, if_version
from app.cli.secret_versions import destroy_version, forget_damaged, roll_back, show_history, undelete_secret

_LISTED = ("NAME", "VERSION", "UPDATED", "LAST READ", "REMARKS")


@click.group(
    "secrets", cls=Group, epilog=example("strongroom secrets list", "strongroom secrets get agent_token:reviewer")
)
def command() -> None:
    """Secrets: list, read, write and delete them."""


for _more in (show_history, roll_back, destroy_version, undelete_secret, forget_damaged, drill):
    command.add_command(_more)


@command.command("list", epilog=example("strongroom secrets list --json", "strongroom secrets list --check"))
@click.option("--check", is_flag=True, help="Open every value, and flag those that do not open.")
@click.option("--deleted", is_flag=True, help="Only secrets that were deleted and can be brought back.")
def list_secrets(*, check: bool, deleted: bool) -> None:
    """List the secrets, without their values."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.cli.secret_report import deleted_as_document, deleted_as_rows, secrets_as_rows
    from app.documents import secrets as as_document
    from domain.audit import Action

    with service() as opened:
        if deleted:
            buried = opened.secret_history().deleted()
            emit(deleted_as_document(buried), aligned(deleted_as_rows(buried), header=("NAME", "VERSION", "DELETED")))
            return
        secrets, now = opened.secrets().list(), opened.clock().now()
        damage = opened.find_damage().current() if check else None
        reads = opened.last_acts().of(Action.SECRET_READ)
    emit(
        as_document(secrets, reads, damage),
        aligned(secrets_as_rows(secrets, damage, reads, now), header=_LISTED),
    )


@command.command("get", epilog=example("strongroom secrets get agent_token:reviewer"))
@click.argument("name")
@click.option("--version", metavar="N", type=VersionNumber(), help="An older version [default: the current one].")
def get_secret(name: str, version: int | None) -> None:
    """Print a secret's value, bare, for a program to read."""
    from app.cli.opening import service
    from app.cli.output import emit, wants_json

    with service() as opened:
        secret = opened.read_secret()(name, version)
    if wants_json():
        emit({"name": secret.name, "value": secret.value.reveal(), "version": secret.version})
    else:
        # As bytes: a terminal's encoding must not change a secret, nor fail on it.
        click.echo(secret.value.reveal().encode(), nl=sys.stdout.isatty())


@command.command(
    "set", cls=SecretReadingCommand, epilog=example("pass show reviewer | strongroom secrets set agent_token:reviewer")
)
@click.argument("name")
@from_file
@if_version
@click.option("--expires", metavar="AGE", help="How long it is to be given, such as 90d [default: for ever].")
@click.option("--verify", is_flag=True, help="Ask Forgejo, or Penpot, first whose token it is.")
def set_secret(name: str, from_file: str | None, if_version: int | None, expires: str | None, *, verify: bool) -> None:
    """Store a secret, read from standard input, a file, or a prompt."""
    from app.cli.opening import service, settings
    from app.cli.output import emit
    from app.cli.typed import secret_value
    from domain.values import parse_duration, parse_secret_name, parse_secret_value

    given, name = settings(), parse_secret_name(name)
    life = None if expires is None else parse_duration(expires)
    value = parse_secret_value(name, secret_value(from_file, prompt=f"value of {name}").reveal())
    with service(given) as opened:
        expires_at = None if life is None else opened.clock().now() + life
        stored = opened.store_secret()(name, value, expected_version=if_version, expires_at=expires_at, verify=verify)
    owner = {} if stored.owner is None else {"owner": stored.owner}
    said = "" if stored.owner is None else f", a token of {stored.owner}"
    emit({"name": name, "version": stored.version, **owner}, f"{name} is stored, version {stored.version}{said}")


@command.command("delete", epilog=example("strongroom secrets delete penpot_api_token --confirm penpot_api_token"))
@click.argument("name")
@confirm
@if_version
def delete_secret(name: str, confirm: str | None, if_version: int | None) -> None:
    """Delete a secret, after asking for its name once more; its versions stay until they are destroyed."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.cli.typed import confirmed_name
    from domain.errors import NotFound

    confirmed_name(name, confirm, what=f"the secret {name}")
    with service() as opened:
        if not opened.secrets().delete(name, expected_version=if_version):
            raise NotFound(f"no secret is named {name}", advice="`strongroom secrets list` shows which there are")
    emit(
        {"name": name, "deleted": True},
        f"{name} is deleted; `strongroom secrets undelete {name}` brings it back",
    )
