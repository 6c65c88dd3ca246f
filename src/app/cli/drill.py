"""`strongroom secrets drill`: what to do when credentials may have leaked, and what a lost key would cost."""

from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without it
    from app.usecases.drill import Credential, DrillReport


@click.command(
    "drill", cls=Command, epilog=example("strongroom secrets drill", "strongroom secrets drill --begin --json")
)
@click.option("--begin", is_flag=True, help="Begin: what is written from now on is ticked off.")
@click.option("--end", is_flag=True, help="End the drill; nothing is ticked off any more.")
def drill(*, begin: bool, end: bool) -> None:
    """List every credential: its owner, who read it last, where to revoke it, and if it was replaced since."""
    from dataclasses import asdict

    from app.cli.opening import service
    from app.cli.output import emit

    if begin and end:
        raise click.UsageError("--begin and --end together")
    with service() as opened:
        use_case = opened.drill()
        report = use_case.begin() if begin else use_case.end() if end else use_case()
    emit({**asdict(report), "left": report.left}, _as_text(report))


def _as_text(report: "DrillReport") -> list[str]:
    from app.cli.output import aligned, counted
    from domain.instants import format_instant

    begun = "no drill is under way; `strongroom secrets drill --begin` begins one"
    if report.begun_at is not None:
        whole = counted(len(report.credentials), "credential")
        begun = f"drill since {format_instant(report.begun_at)}: {report.left:,} of {whole} left to replace"
    header = ("", "CREDENTIAL", "OWNER", "WRITTEN", "LAST READ", "REVOKE AT")
    loss = report.loss
    return [
        begun,
        *aligned(map(_row, report.credentials), header=header),
        "a lost master key would take with it "
        + ", ".join(
            (
                counted(loss.secrets, "secret"),
                counted(loss.oauth_tokens, "OAuth token"),
                counted(loss.archived_files, "archived file"),
            )
        )
        + (f"; it would stop {', '.join(loss.agents)}" if loss.agents else ""),
    ]


def _row(credential: "Credential") -> tuple[str | None, ...]:
    from domain.instants import format_instant

    name = credential.name if credential.kind == "secret" else f"OAuth token of {credential.name}"
    read = "not in the log"
    if credential.last_read_at is not None:
        read = f"{format_instant(credential.last_read_at)} by {credential.last_read_by}"
    if credential.deleted:
        name += " (deleted)"
    return (
        "[x]" if credential.replaced else "[ ]",
        name,
        credential.owner,
        "not known" if credential.written_at is None else format_instant(credential.written_at),
        read,
        credential.revoke_at or "-",
    )
