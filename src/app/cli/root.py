"""The root of the command line: a table of commands, each loaded when it is asked for."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final

import click
from typing_extensions import override

from app.cli.options import Group, example
from app.version import __version__

PROGRAM = "strongroom"

OWN_PROCESS: Final = "own process"
"""The object of the root's context, where nobody else in the process opens the database."""

COMMANDS: Final = MappingProxyType(
    {
        "serve": ("app.cli.serve", "Run the service: migrate the old files, then answer HTTP."),
        "migrate": ("app.cli.migrate", "Move the old files into the database."),
        "legacy": ("app.cli.legacy", "The way back: old files as they were, or written anew."),
        "status": ("app.cli.status", "Show on one screen how things stand."),
        "doctor": ("app.cli.doctor", "Check everything, and say what to do about what is not well."),
        "sessions": ("app.cli.sessions", "SDK sessions: which one an agent works in at each issue."),
        "secrets": ("app.cli.secrets", "Secrets: list, read, write and delete them."),
        "agents": ("app.cli.agents", "Agents and their tokens."),
        "oauth": ("app.cli.oauth", "The operator's OAuth tokens, one a forge."),
        "git-credential": ("app.cli.git_credential", "Give git the password for a forge, each time it asks."),
        "backup": ("app.cli.backup", "Backups: made, verified, restored, pruned, pushed elsewhere."),
        "mounts": ("app.cli.mounts", "Token mounts: what containers read their tokens from."),
        "api-tokens": ("app.cli.api_tokens", "Bearer tokens of the HTTP API."),
        "keys": ("app.cli.keys", "Keys: how they stand, rotated, verified, and kept offline."),
        "audit": ("app.cli.audit", "Who did what: the log of it, checked and pruned."),
        "config": ("app.cli.config", "Settings: their values, and where each came from."),
        "completion": ("app.cli.completion", "Print the script that completes commands in a shell."),
        "openapi": ("app.cli.openapi", "Print the OpenAPI 3.1 document of the HTTP API."),
        "version": ("app.cli.version", "Show the version of Strongroom and of what it runs on."),
    }
)
"""Name -> (module whose `command` it is, its short help: said here again so that `--help` loads no module)."""


class Root(Group):
    """The program itself: loads commands late, and turns whatever goes wrong into a message and an exit code."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    @override
    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command. Returns the exit code, or exits with it in `standalone_mode`."""
        arguments = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(arguments, PROGRAM, complete_var, standalone_mode=False, **extra) or 0
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nothing is above to catch the rest
            code = _ended(error, arguments)
        if standalone_mode:
            raise SystemExit(code)
        return code


def _ended(error: BaseException, arguments: list[str]) -> int:
    from app.cli.failures import end

    try:
        return end(error, as_json="--json" in takewhile("--".__ne__, arguments))
    except BrokenPipeError:
        # Nobody reads on; without this the interpreter would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


@click.group(
    PROGRAM,
    cls=Root,
    epilog=example("strongroom migrate --dry-run", "strongroom status"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--state-dir", metavar="DIR", help="Database and backups are here.")
@click.option("--config-dir", metavar="DIR", help="The master key file is here.")
@click.option("--database-url", metavar="URL", help="The database, if it is not in the state directory.")
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def root(**_settings: str | None) -> None:
    """State and secrets of claude-hooks, in one encrypted database.

    An option here beats its environment variable; `strongroom config show` lists all settings. Exit codes:
    0 ok, 1 failure, 2 usage, 3 attention needed, 4 not allowed, 5 not found, 6 conflict, 7 busy, 8 integrity or
    wrong key, 9 unreachable, 10 doctor found warnings
    only, 130 interrupted. Take any other for a failure.
    """
