"""`strongroom api-tokens`: bearer tokens of the HTTP API."""

import click

from app.cli.options import Group, example


@click.group(
    "api-tokens",
    cls=Group,
    epilog=example("strongroom api-tokens create --name ci --grant 'read:/sessions/*' --expires 90d"),
)
def command() -> None:
    """Bearer tokens of the HTTP API."""


@command.command(
    "create", epilog=example("strongroom api-tokens create --name ci --grant 'read:/sessions/*' --expires 90d")
)
@click.option("--name", required=True, metavar="N", help="What you know it by.")
@click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="G",
    help="read: or write: and a path pattern, or admin; may be given more than once.",
)
@click.option("--agent", metavar="AGENT", help="Bind it to an agent: it reads that agent's token and nothing else.")
@click.option("--expires", metavar="AGE", help="How long it is good for, such as 90d [default: for ever].")
def create_token(name: str, grants: tuple[str, ...], agent: str | None, expires: str | None) -> None:
    """Make a token and show it, this once."""
    from app.cli.opening import service
    from app.cli.output import emit, say, wants_json
    from domain.api_tokens import grant_of_agent
    from domain.instants import format_instant
    from domain.values import parse_duration

    if agent is not None:
        grants = (*grants, grant_of_agent(agent))
    lifetime_ms = None if expires is None else parse_duration(expires)
    with service() as opened:
        token, value = opened.create_api_token()(name, grants, lifetime_ms=lifetime_ms)
    shown = {
        "id": token.id,
        "token": value.reveal(),
        "name": token.name,
        "grants": list(token.grants),
        "expires_at": token.expires_at,
    }
    emit(shown, value.reveal())
    if not wants_json():
        end = f"it expires {format_instant(token.expires_at)}" if token.expires_at else "it does not expire"
        say(f"this token is not shown again; its id is {token.id}, and {end}")


@command.command("list", epilog=example("strongroom api-tokens list"))
def list_tokens() -> None:
    """List the tokens: what each opens, and when it was last used."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from domain.instants import format_instant

    with service() as opened:
        tokens, now = opened.api_tokens().list(), opened.clock().now()
    rows = [
        (
            token.id,
            token.name,
            f"{token.prefix}…",
            "live" if token.is_live(now) else "revoked" if token.revoked_at else "expired",
            format_instant(token.expires_at) if token.expires_at else "never",
            format_instant(token.last_used_at) if token.last_used_at else "never",
            " ".join(token.grants),
        )
        for token in tokens
    ]
    shown = [{name: value for name, value in asdict(token).items() if name != "digest"} for token in tokens]
    emit(shown, aligned(rows, header=("ID", "NAME", "TOKEN", "STATE", "EXPIRES", "LAST USED", "GRANTS")))


@command.command("revoke", epilog=example("strongroom api-tokens revoke 0f9a3c5e7b1d2468"))
@click.argument("id")
def revoke_token(id: str) -> None:
    """Revoke a token: it opens nothing from now on."""
    from app.cli.opening import service
    from app.cli.output import emit
    from domain.errors import NotFound

    with service() as opened:
        if not opened.api_tokens().revoke(id, opened.clock().now()):
            raise NotFound("no token has that id", advice="`strongroom api-tokens list` shows the ids")
    emit({"id": id, "revoked": True}, f"{id} is revoked")
