"""`strongroom agents`: which agents have a token, and giving one a new token."""

import click

from app.cli.options import Group, SecretReadingCommand, example, from_file, if_version


@click.group(
    "agents",
    cls=Group,
    epilog=example("strongroom agents list", "strongroom agents rotate-token reviewer --from-file new-token"),
)
def command() -> None:
    """Agents and their tokens."""


@command.command("list", epilog=example("strongroom agents list"))
def list_agents() -> None:
    """List the agents that have a token."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit
    from domain.instants import format_instant
    from domain.values import AGENT_TOKEN_PREFIX

    with service() as opened:
        secrets = [s for s in opened.secrets().list() if s.name.startswith(AGENT_TOKEN_PREFIX)]
    agents = [(s.name.removeprefix(AGENT_TOKEN_PREFIX), s.version, s.updated_at) for s in secrets]
    emit(
        [{"name": name, "version": version, "updated_at": updated_at} for name, version, updated_at in agents],
        aligned(
            ((name, version, format_instant(updated_at)) for name, version, updated_at in agents),
            header=("AGENT", "VERSION", "TOKEN UPDATED"),
        ),
    )


@command.command(
    "rotate-token",
    cls=SecretReadingCommand,
    epilog=example("strongroom agents rotate-token reviewer --from-file new-token"),
)
@click.argument("agent")
@from_file
@if_version
@click.option("--verify", is_flag=True, help="Ask Forgejo first whose token it is.")
def rotate_token(agent: str, from_file: str | None, if_version: int | None, *, verify: bool) -> None:
    """Give an agent a new token, read from standard input, a file, or a prompt."""
    from app.cli.opening import service, settings
    from app.cli.output import counted, emit, say, warn
    from app.cli.typed import secret_value
    from domain.values import agent_token_name, parse_secret_value

    given, name = settings(), agent_token_name(agent)
    token = parse_secret_value(name, secret_value(from_file, prompt=f"new token of {agent}").reveal())
    with service(given) as opened:
        stored = opened.rotate_agent_token()(agent, token, expected_version=if_version, verify=verify)
        stale = len(opened.look_at_mounts().stale(name))
    owner = {} if stored.owner is None else {"owner": stored.owner}
    said = "" if stored.owner is None else f", a token of {stored.owner}"
    emit(
        {"name": name, "version": stored.version, **owner},
        f"{agent} has a new token: {name} is at version {stored.version}{said}",
    )
    if stale:
        began = counted(stale, "running container") + " began before that, and may still use the old token:"
        say(f"{began} delete that at its forge once `strongroom mounts list` shows none as stale")
    if stored.owner not in {None, agent}:
        warn(f"at Forgejo this token belongs to {stored.owner}, which is another name than {agent}")
