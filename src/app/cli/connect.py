"""`strongroom oauth connect`: the link, the wait, and what the browser comes back with, on whichever way that comes."""

import sys
from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without them
    from app.container import Container
    from app.usecases.oauth.connect import Begun
    from domain.values import SecretValue

_LOOK_EVERY_S = 0.25


@click.command(
    "connect",
    cls=Command,
    epilog=example("strongroom oauth connect gitlab"),
)
@click.argument("forge")
def connect(forge: str) -> None:
    """Connect a forge: log in there in a browser, and allow the access.

    The browser may run on another machine. If it ends on a page that cannot be reached, paste that page's
    address here: it is all that is needed.
    """
    from app.cli.connection_report import as_lines
    from app.cli.opening import service
    from app.cli.output import emit
    from app.documents import oauth_connection
    from app.usecases.oauth.connect import new_random
    from domain.values import parse_forge

    forge, starter = parse_forge(forge), new_random()
    with service() as opened:
        begun = opened.begin_authorization()(forge, starter=starter, at_terminal=True)
        _show(begun.url)
        answer = _wait(opened, forge, begun)
        opened.finish_authorization()(forge, answer, starter=starter)
        connection = opened.look_at_connection()(forge)
    emit(oauth_connection(connection), as_lines(connection))


def _show(url: str) -> None:
    """Show the link: on standard output unless that is for the one JSON document.

    No browser is started with it, for the command line of a process is open to every user of the machine.
    """
    from app.cli.output import say, wants_json

    click.echo(f"Open this address in a browser, and allow the access:\n\n  {url}\n", err=wants_json())
    sys.stdout.flush()
    say("waiting for the browser to come back, for ten minutes; or paste the address that it ends on here:")


def _wait(opened: "Container", forge: str, begun: "Begun") -> "SecretValue":
    """Return what came back: to a listener of our own, to the service, or pasted. Raises `AuthorizationRefused`."""
    from app.cli.coming_back import Callback, Pasted, first_of
    from app.cli.output import warn
    from app.usecases.oauth.connect import AuthorizationRefused
    from domain.connections import AUTHORIZATION_TTL_MS, digest_of
    from domain.errors import Invalid

    clock, pending, digest = opened.clock(), opened.pending_authorizations(), digest_of(begun.state)
    give_up_at = clock.now() + AUTHORIZATION_TTL_MS
    redirect_uri, pasted = opened.registration().client(forge).redirect_uri, Pasted(begun.state)
    with Callback.listening(redirect_uri, begun.state) as callback:
        while clock.now() < give_up_at:
            try:
                answer = first_of(callback, pasted, within_s=_LOOK_EVERY_S) or pending.answer_to(digest)
            except Invalid as error:
                if not sys.stdin.isatty():
                    raise
                warn(f"{error.message}; {error.advice}")
                continue
            if answer is not None:
                return answer
    raise AuthorizationRefused("nobody came back from the forge within ten minutes", advice="begin again")
