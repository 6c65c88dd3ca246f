"""`strongroom mounts`: directories in memory from which containers read their tokens."""

from typing import TYPE_CHECKING

import click

from app.cli.exec_in_mount import command as exec_command
from app.cli.options import Group, Word, example

if TYPE_CHECKING:  # `--help` does without it
    from app.settings import Settings

FORMATS = ("docker", "podman", "bwrap", "compose", "json")


@click.group(
    "mounts",
    cls=Group,
    epilog=example("strongroom mounts open reviewer --format docker", "strongroom mounts list"),
)
def command() -> None:
    """Token mounts: what containers read their tokens from."""


@command.command("list", epilog=example("strongroom mounts list"))
def list_mounts() -> None:
    """List the mounts, what each holds, which containers have it, and what is not as it should be."""
    from app.cli.mount_report import as_document, as_text
    from app.cli.opening import service
    from app.cli.output import emit

    with service() as opened:
        look = opened.look_at_mounts()
        views, memory = look(), look.memory()
    emit([as_document(view) for view in views], as_text(views, memory))


@command.command(
    "open",
    epilog=example(
        "strongroom mounts open reviewer",
        "flags=$(strongroom mounts open reviewer --user 1000 --format docker) && docker run $flags image",
    ),
)
@click.argument("agent")
@click.option("--user", metavar="UID[:GID]", help="Who reads the tokens, as the container numbers him [default: you].")
@click.option("--uid-map", metavar="MAP", help="How the container's user namespace numbers ids: 0:100000:65536.")
@click.option("--map-of", type=click.IntRange(min=1), metavar="PID", help="Or: as the namespace of this process does.")
@click.option("--target", metavar="PATH", help="Where the container finds it [default: setting mount_target].")
@click.option("--format", "form", type=Word(FORMATS), help="Print the flags that mount it.")
def open_mount(  # noqa: PLR0913, PLR0917 - one argument an option
    agent: str, user: str | None, uid_map: str | None, map_of: int | None, target: str | None, form: str | None
) -> None:
    """Fill a directory in memory with an agent's tokens, and print it: bind it read-only, as a directory.

    It is kept for a minute until a container mounts it, and wiped when the last one has ended.
    """
    from dataclasses import asdict

    from app.cli.mount_flags import as_mount, flags
    from app.cli.mount_owner import owner_of
    from app.cli.opening import service, settings
    from app.cli.output import emit, emit_json
    from app.setting_kinds import inner_path
    from domain.values import parse_agent_name

    parse_agent_name(agent)
    given = settings()
    inside = given.mount_target if target is None else inner_path(target)
    with service(given) as opened:
        owner = owner_of(user, uid_map=uid_map, map_of=map_of, watch=opened.mount_watch())
        directory = opened.token_mount().directory(agent)
        text = directory if form in {None, "json"} else flags(form, directory, inside)
        mount = opened.open_mount()(agent, owner)
    if form == "json":
        emit_json({**asdict(mount), "mount": as_mount(directory, inside)})
    else:
        emit(asdict(mount), text)


@command.command("close", epilog=example("strongroom mounts close reviewer"))
@click.argument("agent")
@click.pass_context
def close_mount(ctx: click.Context, agent: str) -> None:
    """Wipe the tokens in an agent's mount, whoever still has it.

    Without the key or the database that is done, too, and ends with 3: it could not be written down.
    """
    from app.cli.exits import ATTENTION
    from app.cli.opening import settings
    from app.cli.output import emit, warn
    from domain.errors import NotFound
    from domain.values import parse_agent_name

    parse_agent_name(agent)
    was_open, unrecorded = _closed(settings(), agent)
    if not was_open:
        raise NotFound("no mount of that agent is open", advice="`strongroom mounts list` shows which are")
    emit({"agent": agent, "closed": True}, f"the mount of {agent} is closed, and its tokens are wiped")
    if unrecorded is not None:
        warn(f"this is in no audit log: {unrecorded}")
        ctx.exit(ATTENTION)


def _closed(given: "Settings", agent: str) -> tuple[bool, str | None]:
    """Close a mount; tells whether it was open, and why that is written down nowhere."""
    from app.boot import wipe_mount
    from app.cli.opening import service
    from domain.errors import DatabaseUnusable, Integrity, Unreachable

    was_open = False
    try:
        with service(given) as opened:
            was_open = opened.mount_register().find(agent) is not None
            return opened.close_mount()(agent), None
    except (Integrity, DatabaseUnusable, Unreachable) as error:
        return wipe_mount(given, agent) or was_open, error.message


@command.command("reconcile", epilog=example("strongroom mounts reconcile"))
@click.pass_context
def reconcile(ctx: click.Context) -> None:
    """Bring every mount to where it should be: what a running service does by itself each second."""
    from app.cli.exits import ATTENTION
    from app.cli.opening import service
    from app.cli.output import emit, warn
    from domain.mounts import LINGER_MS

    with service() as opened:
        done = opened.reconcile_mounts()(thorough=True)
        acts, faults = done.acts, done.faults
        if done.lingering:
            opened.clock().wait(LINGER_MS)  # what ended just now may come back, and is wiped only then
            again = opened.reconcile_mounts()()
            acts, faults = acts + again.acts, again.faults
        opened.reconcile_mounts().close_idle()
    emit({"acts": acts, "faults": [fault.message for fault in faults]}, acts or "every mount is as it should be")
    for fault in faults:
        warn(fault.message)
    if faults:
        ctx.exit(ATTENTION)


command.add_command(exec_command)
