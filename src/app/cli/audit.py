"""`strongroom audit`: who did what, and whether the log of it is whole."""

import click

from app.cli.options import LARGEST, Group, confirm, example


@click.group("audit", cls=Group, epilog=example("strongroom audit list --since 7d", "strongroom audit verify"))
def command() -> None:
    """Who did what: the log of it, checked and pruned."""


@command.command("list", epilog=example("strongroom audit list --action secret.read --since 7d"))
@click.option("--action", metavar="A", help="Only this action, such as secret.read.")
@click.option("--actor", metavar="X", help="Only what X did, such as cli:root or boot.")
@click.option("--subject", metavar="S", help="Only what was done to S, such as agent_token:reviewer.")
@click.option("--since", metavar="AGE", help="Only events since then: 7d, or an instant such as 2026-11-24T09:30Z.")
@click.option("--before", type=click.IntRange(min=1, max=LARGEST), metavar="N", help="Only events before number N.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=LARGEST), metavar="N", default=100, show_default=True, help="At most N."
)
def list_events(limit: int, before: int | None, **filters: str | None) -> None:
    """List events, newest first."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import aligned, emit, say, wants_json
    from app.usecases.read_audit import Wanted
    from domain.instants import format_instant

    with service() as opened:
        events, further = opened.read_audit()(Wanted(before=before, **filters), limit=limit)
    rows = [(e.sequence, format_instant(e.at), e.actor, e.action, e.subject, e.outcome, e.detail) for e in events]
    header = ("EVENT", "AT", "ACTOR", "ACTION", "SUBJECT", "OUTCOME", "DETAIL")
    emit([asdict(event) for event in events], aligned(rows, header=header))
    if further and not wants_json():
        say(f"there are more: --before {further}")


@command.command("verify", epilog=example("strongroom audit verify", "strongroom audit verify --known 120:9f1c…"))
@click.option("--known", metavar="HEAD", help="The head that an earlier run printed and you kept elsewhere.")
@click.pass_context
def verify(ctx: click.Context, known: str | None) -> None:
    """Walk the chain and name whatever was edited, dropped, added or reordered."""
    from app.cli.exits import EXIT_CODES
    from app.cli.opening import service
    from app.cli.output import counted, emit
    from domain.audit import parse_checkpoint
    from domain.errors import Integrity

    place = None if known is None else parse_checkpoint(known)
    with service() as opened:
        faults, head = opened.audit().verify(known=place), str(opened.audit().head())
    summary = f"{counted(len(faults), 'fault')}" if faults else "the audit log is as it was recorded"
    emit({"faults": faults, "head": head}, [*faults, f"{summary}; its head is {head}"])
    if faults:
        ctx.exit(EXIT_CODES[Integrity])


@command.command("prune", epilog=example("strongroom audit prune --older-than 365d --confirm audit"))
@click.option("--older-than", metavar="AGE", help="Older than AGE, such as 365d [default: audit_ttl_days].")
@click.option("--accept-faults", is_flag=True, help="Even if the log does not verify: the faults go with the events.")
@confirm
def prune(older_than: str | None, confirm: str | None, *, accept_faults: bool) -> None:
    """Forget old events; the chain goes on from a checkpoint."""
    from app.cli.opening import service
    from app.cli.output import counted, emit
    from app.cli.typed import confirmed_name
    from domain.instants import DAY_MS
    from domain.values import parse_duration

    asked = None if older_than is None else parse_duration(older_than)
    confirmed_name("audit", confirm, what="events of the audit log")
    with service() as opened:
        age = asked if asked is not None else opened.settings().audit_ttl_days * DAY_MS
        pruned = opened.prune_audit()(age, accept_faults=accept_faults)
    emit({"pruned": pruned}, f"{counted(pruned, 'event')} forgotten")
