"""`strongroom secrets`: list, read, write and delete secrets."""

import sys

import click

from app.cli.options import Group, SecretReadingCommand, confirm, example, from_file, if_version


@click.group(
    "secrets", cls=Group, epilog=example("strongroom secrets list", "strongroom secrets get agent_token:reviewer")
)
def command() -> None:
    """Secrets: list, read, write and delete them."""


@command.command("list", epilog=example("strongroom secrets list --json"))
def list_secrets() -> None:
    """List the secrets, without their values."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from domain.instants import format_instant

    with service() as opened:
        secrets = opened.secrets().list()
    shown = [
        {
            "name": s.name,
            "version": s.version,
            "created_at": s.created_at,
            "updated_at": s.updated_at,
            "key_id": s.key_id,
        }
        for s in secrets
    ]
    rows = [(s.name, s.version, format_instant(s.updated_at)) for s in secrets]
    emit(shown, aligned(rows, header=("NAME", "VERSION", "UPDATED")))


@command.command("get", epilog=example("strongroom secrets get agent_token:reviewer"))
@click.argument("name")
def get_secret(name: str) -> None:
    """Print a secret's value, bare, for a program to read."""
    from app.cli.opening import service
    from app.cli.output import emit, wants_json
    from domain.errors import NotFound

    with service() as opened:
        secret = opened.secrets().get(name)
    if secret is None:
        raise NotFound(f"no secret is named {name}", advice="`strongroom secrets list` shows which there are")
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
def set_secret(name: str, from_file: str | None, if_version: int | None) -> None:
    """Store a secret, read from standard input, a file, or a prompt."""
    from app.cli.opening import service, settings
    from app.cli.output import emit
    from app.cli.typed import secret_value
    from domain.values import parse_secret_name, parse_secret_value

    given, name = settings(), parse_secret_name(name)
    value = parse_secret_value(name, secret_value(from_file, prompt=f"value of {name}").reveal())
    with service(given) as opened:
        version = opened.secrets().set(name, value.reveal(), expected_version=if_version)
    emit({"name": name, "version": version}, f"{name} is stored, version {version}")


@command.command("delete", epilog=example("strongroom secrets delete penpot_api_token --confirm penpot_api_token"))
@click.argument("name")
@confirm
def delete_secret(name: str, confirm: str | None) -> None:
    """Delete a secret, after asking for its name once more."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.cli.typed import confirmed_name
    from domain.errors import NotFound

    confirmed_name(name, confirm, what=f"the secret {name}")
    with service() as opened:
        if not opened.secrets().delete(name):
            raise NotFound(f"no secret is named {name}", advice="`strongroom secrets list` shows which there are")
    emit({"name": name, "deleted": True}, f"{name} is deleted")
