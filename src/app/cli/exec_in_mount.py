"""`strongroom mounts exec`: a command that has an agent's tokens for as long as it runs."""

from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without it
    from app.container import Container


@click.command(
    "exec",
    cls=Command,
    epilog=example("strongroom mounts exec reviewer -- sh -c 'cat \"$STRONGROOM_MOUNT/tokens/reviewer\"'"),
)
@click.argument("agent")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
@click.option("--user", metavar="UID[:GID]", help="Who reads the tokens [default: you].")
@click.pass_context
def command(ctx: click.Context, agent: str, command: tuple[str, ...], user: str | None) -> None:
    """Open a mount, run a command with its directory in STRONGROOM_MOUNT, and close it.

    Signals are passed on. The exit code is the command's; 127 if it is not found, 126 if it cannot be run.
    """
    import os

    from app.cli.foreground import run, signals_waiting
    from app.cli.mount_owner import owner_of
    from app.cli.opening import service, settings
    from app.settings import MOUNT_VARIABLE
    from domain.values import parse_agent_name

    parse_agent_name(agent)
    with signals_waiting() as blocked, service(settings()) as opened:
        owner = owner_of(user, uid_map=None, map_of=None, watch=opened.mount_watch())
        mount = opened.open_mount()(agent, owner, held=True)
        try:
            environment = {**_without_secrets(dict(os.environ)), MOUNT_VARIABLE: mount.directory}
            code = run(command, environment, blocked)
        finally:
            _let_go(opened, agent)
    ctx.exit(code)


def _let_go(opened: "Container", agent: str) -> None:
    """What goes wrong now is told beside the exit code of the command, which has ended."""
    from app.cli.output import warn
    from domain.errors import DomainError

    try:
        opened.close_mount().let_go(agent)
    except DomainError as error:
        warn(f"the mount of {agent} could not be closed: {error.message}; `strongroom mounts close {agent}`")


def _without_secrets(environment: dict[str, str]) -> dict[str, str]:
    """Keep from the command what opens everything; it is given the tokens of one agent."""
    from app.settings import PREFIX, SPECS
    from domain.values import SecretValue

    secrets = {PREFIX + name.upper() for name, spec in SPECS.items() if spec["parse"] is SecretValue}
    return {name: value for name, value in environment.items() if name not in secrets | {"CREDENTIALS_DIRECTORY"}}
