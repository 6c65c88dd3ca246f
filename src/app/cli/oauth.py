"""`strongroom oauth`: the operator's OAuth tokens, one a forge."""

import click

from app.cli.options import Group, confirm, example


@click.group("oauth", cls=Group, epilog=example("strongroom oauth list", "strongroom oauth show gitlab"))
def command() -> None:
    """The operator's OAuth tokens, one a forge."""


@command.command("list", epilog=example("strongroom oauth list"))
def list_tokens() -> None:
    """List the forges, and whether each is connected."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.documents import oauth_connection
    from domain.values import FORGES

    with service() as opened:
        look = opened.look_at_connection()
        shown = [oauth_connection(forge, look) for forge in FORGES]
    rows = ((d["forge"], d["status"], _instant(d["expires_at"])) for d in shown)
    emit(shown, aligned(rows, header=("FORGE", "STATUS", "EXPIRES")))


@command.command("show", epilog=example("strongroom oauth show gitlab --json"))
@click.argument("forge")
def show_token(forge: str) -> None:
    """Show what is known of a forge's token, and never the token."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from app.documents import oauth_connection
    from domain.values import parse_forge

    forge = parse_forge(forge)
    with service() as opened:
        shown = oauth_connection(forge, opened.look_at_connection())
    scopes = shown["scopes"]
    readable = {
        **shown,
        "scopes": " ".join(scopes) if isinstance(scopes, list) else None,
        "expires_at": _instant(shown["expires_at"]),
    }
    emit(shown, aligned((name.replace("_", " "), value) for name, value in readable.items() if value not in {None, ""}))


@command.command("disconnect", epilog=example("strongroom oauth disconnect gitlab --confirm gitlab"))
@click.argument("forge")
@confirm
def disconnect(forge: str, confirm: str | None) -> None:
    """Delete a forge's token, after asking for the forge's name once more."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.cli.typed import confirmed_name
    from domain.errors import NotFound
    from domain.values import parse_forge

    confirmed_name(parse_forge(forge), confirm, what=f"the OAuth token of {forge}")
    with service() as opened:
        if not opened.oauth_tokens().delete(forge):
            raise NotFound(f"{forge} is not connected")
    emit({"forge": forge, "status": "not_connected"}, f"{forge} is disconnected; the token may still be valid there")


def _instant(instant: object) -> str:
    from domain.instants import format_instant

    return format_instant(instant) if isinstance(instant, int) else ""
