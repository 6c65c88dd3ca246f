"""`strongroom sessions`: which SDK session an agent works in."""

import click

from app.cli.options import LARGEST, Group, example


@click.group("sessions", cls=Group, epilog=example("strongroom sessions list --prefix forgejo:reviewer:"))
def command() -> None:
    """SDK sessions: which one an agent works in at each issue."""


@command.command("get", epilog=example("strongroom sessions get forgejo:reviewer:acme/api:42"))
@click.argument("key")
def get_session(key: str) -> None:
    """Print the session of a key: <forge>:<agent>:<repo>:<issue>."""
    from app.cli.opening import service
    from app.cli.output import emit
    from domain.errors import NotFound

    with service() as opened:
        session = opened.sessions().get(key)
    if session is None:
        raise NotFound("that key has no session", advice="`strongroom sessions list` shows which have")
    emit(session._asdict(), session.session_id)


@command.command("set", epilog=example("strongroom sessions set forgejo:reviewer:acme/api:42 9f1c2d"))
@click.argument("key")
@click.argument("session_id")
def set_session(key: str, session_id: str) -> None:
    """Say which session a key is in, used just now."""
    from app.cli.opening import service
    from app.cli.output import emit

    with service() as opened:
        opened.sessions().set(key, session_id)
    emit({"key": key, "session_id": session_id}, f"{key} is in {session_id}")


@command.command("list", epilog=example("strongroom sessions list --prefix forgejo:reviewer: --limit 20"))
@click.option("--prefix", default="", metavar="P", help="Only keys that start with P.")
@click.option("--limit", type=click.IntRange(min=0, max=LARGEST), metavar="N", help="At most N.")
@click.option("--after", metavar="KEY", help="Only keys that sort behind KEY, the last one of the page before.")
def list_sessions(prefix: str, limit: int | None, after: str | None) -> None:
    """List sessions, sorted by key."""
    from app.cli.opening import service
    from app.cli.output import aligned, emit, wants_json
    from domain.instants import format_instant

    with service() as opened:
        sessions = opened.sessions().list(prefix=prefix, after=after, limit=limit)
    if wants_json():
        emit([session._asdict() for session in sessions])
    else:
        rows = ((s.key, s.session_id, format_instant(s.last_used_at)) for s in sessions)
        emit(None, aligned(rows, header=("KEY", "SESSION", "LAST USED")))


@command.command("delete", epilog=example("strongroom sessions delete forgejo:reviewer:acme/api:42"))
@click.argument("key")
def delete_session(key: str) -> None:
    """Forget the session of a key."""
    from app.cli.opening import service
    from app.cli.output import emit
    from domain.errors import NotFound

    with service() as opened:
        if not opened.sessions().delete(key):
            raise NotFound("that key has no session", advice="`strongroom sessions list` shows which have")
    emit({"key": key, "deleted": True}, f"{key} is forgotten")


@command.command("prune", epilog=example("strongroom sessions prune --older-than 90d --dry-run"))
@click.option("--older-than", metavar="AGE", help="Unused for AGE, such as 90d or 12h [default: session_ttl_days].")
@click.option("--dry-run", is_flag=True, help="Only say how many would go.")
def prune_sessions(older_than: str | None, *, dry_run: bool) -> None:
    """Forget sessions that nobody has used for long."""
    from app.cli.opening import service
    from app.cli.output import counted, emit
    from domain.instants import DAY_MS
    from domain.values import parse_duration

    asked = None if older_than is None else parse_duration(older_than)
    with service() as opened:
        age = asked if asked is not None else opened.settings().session_ttl_days * DAY_MS
        pruned = opened.prune_sessions()(age, dry_run=dry_run)
    would = "would be" if dry_run else "were" if pruned != 1 else "was"
    emit({"dry_run": dry_run, "pruned": pruned}, f"{counted(pruned, 'stale session')} {would} forgotten")
