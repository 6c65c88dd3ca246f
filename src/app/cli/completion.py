"""`strongroom completion`: the script that lets a shell complete our commands and options. Opens nothing."""

from types import MappingProxyType
from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete
from typing_extensions import override

from app.cli.options import Command, Word, example


class _Zsh(ZshComplete):
    """zsh's, its function named as zsh wants the file to be named: else each second completion would find nothing."""

    @property
    @override
    def func_name(self) -> str:
        return f"_{self.prog_name}"


SHELLS: Final = MappingProxyType({"bash": BashComplete, "zsh": _Zsh, "fish": FishComplete})


def script(shell: str, program: click.Command) -> str:
    """Return what has `shell`, one of SHELLS, ask `program` how its command line may go on."""
    name = str(program.name)
    asking = SHELLS[shell](program, {}, name, f"_{name.upper()}_COMPLETE")
    return ShellComplete.source(asking)  # bash's own would start one, to see how old it is


@click.command("completion", cls=Command, epilog=example('eval "$(strongroom completion bash)"'))
@click.argument("shell", type=Word(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell."""
    from app.cli.output import emit

    said = script(shell, ctx.find_root().command)
    emit({"shell": shell, "script": said}, said.rstrip("\n"))
