"""`strongroom git-credential`: git's own way to ask for a password, so that no agent has to hold one."""

import sys

import click

from app.cli.options import Command, example

_READ_AT_MOST = 65_536


@click.command(
    "git-credential",
    cls=Command,
    epilog=example("git config --global credential.helper '!strongroom git-credential'"),
)
@click.argument("operation")
def command(operation: str) -> None:
    """Give git the password for a forge, each time it asks.

    A credential helper, as gitcredentials(7) describes it.

    OPERATION is get, store or erase, as git says it; what is asked stands on standard input. Nothing is
    stored: the token of the connection, or of the agent whose name git names, is the only truth.
    """
    from app.cli.opening import service
    from app.usecases.oauth.git_credential import parse_request
    from domain.errors import DomainError

    request = parse_request(sys.stdin.buffer.read(_READ_AT_MOST).decode(errors="replace"))
    if operation not in {"get", "erase"}:
        return  # git asks that operations which a helper does not know be let pass
    try:
        with service() as opened:
            if operation == "erase":
                opened.answer_git().erase(request)
                return
            found = opened.answer_git().get(request)
    except DomainError:
        click.echo("quit=1")  # it is us whom git should ask here: nobody else, and no person at a prompt
        raise
    if found is not None:
        click.echo("\n".join(found.lines()).encode())
