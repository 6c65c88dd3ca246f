"""`strongroom oauth`: the operator's OAuth tokens, one a forge; connecting has a file of its own."""

import click

from app.cli.connect import connect
from app.cli.options import Group, confirm, example


@click.group("oauth", cls=Group, epilog=example("strongroom oauth connect gitlab", "strongroom oauth show gitlab"))
def command() -> None:
    """The operator's OAuth tokens, one a forge."""


command.add_command(connect)


@command.command("list", epilog=example("strongroom oauth list"))
def list_tokens() -> None:
    """List the forges, and how the connection to each stands."""
    from app.cli.connection_report import HEADER, as_row
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.documents import oauth_connection
    from domain.values import FORGES

    with service() as opened:
        connections = [opened.look_at_connection()(forge) for forge in FORGES]
    emit([oauth_connection(each) for each in connections], aligned(map(as_row, connections), header=HEADER))


@command.command("show", epilog=example("strongroom oauth show gitlab --json"))
@click.argument("forge")
def show_token(forge: str) -> None:
    """Show how the connection to a forge stands, and never the token."""
    from app.cli.connection_report import as_lines
    from app.cli.opening import service
    from app.cli.output import emit
    from app.documents import oauth_connection
    from domain.values import parse_forge

    forge = parse_forge(forge)
    with service() as opened:
        connection = opened.look_at_connection()(forge)
    emit(oauth_connection(connection), as_lines(connection))


@command.command("refresh", epilog=example("strongroom oauth refresh gitlab"))
@click.argument("forge")
def refresh(forge: str) -> None:
    """Refresh a forge's token now; what was refreshed in the last 30 seconds stays as it is."""
    from app.cli.connection_report import as_lines
    from app.cli.opening import service
    from app.cli.output import emit
    from app.documents import oauth_connection
    from domain.values import parse_forge

    forge = parse_forge(forge)
    with service() as opened:
        opened.refresh_connection().force(forge)
        connection = opened.look_at_connection()(forge)
    emit(oauth_connection(connection), as_lines(connection))


@command.command(
    "access-token",
    epilog=example("strongroom oauth access-token gitlab", "… | strongroom oauth access-token gitlab --rejected -"),
)
@click.argument("forge")
@click.option(
    "--rejected",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The access token that the forge refused, in FILE; `-` is standard input.",
)
def access_token(forge: str, rejected: str | None) -> None:
    """Print a forge's access token, bare, refreshed first if it is about to end or was rejected."""
    import sys

    from app.cli.opening import service
    from app.cli.output import emit, wants_json
    from app.cli.typed import secret_value
    from domain.errors import Invalid
    from domain.values import parse_forge

    forge = parse_forge(forge)
    refused = None if rejected is None else secret_value(rejected, prompt="")
    if refused is not None and not refused.reveal():
        raise Invalid("no rejected token was given", advice="leave --rejected out to get the one that is stored")
    with service() as opened:
        token = opened.give_out_access_token()(forge, rejected=refused)
    if wants_json():
        emit({"access_token": token.access_token.reveal(), "expires_at": token.expires_at})
    else:
        click.echo(token.access_token.reveal().encode(), nl=sys.stdout.isatty())


@command.command("disconnect", epilog=example("strongroom oauth disconnect gitlab --confirm gitlab"))
@click.argument("forge")
@confirm
def disconnect(forge: str, confirm: str | None) -> None:
    """Revoke a forge's token there and delete it here, after asking for the forge's name once more."""
    from app.cli.connection_report import ended
    from app.cli.opening import service
    from app.cli.output import emit
    from app.cli.typed import confirmed_name
    from app.documents import disconnected
    from domain.errors import NotConnected
    from domain.values import parse_forge

    confirmed_name(parse_forge(forge), confirm, what=f"the OAuth token of {forge}")
    with service() as opened:
        result = opened.disconnect()(forge)
    if result.revocation is None:
        raise NotConnected(f"{forge} is not connected")
    emit(disconnected(result), ended(result))
