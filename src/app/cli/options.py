"""What commands have in common: an example under the help, `--json`, `--progress`, and how names are confirmed."""

from collections.abc import Callable

import click
from typing_extensions import override

JSON = "app.cli.json"
PROGRESS = "app.cli.progress"
LARGEST = 2**63 - 1
"""The largest number that a database can count to."""

_VERSION_DIGITS = 18


class UnexpectedArguments(click.UsageError):
    """More arguments than the command takes. They are counted and not shown: one may be a secret."""

    def __init__(self, count: int, ctx: click.Context, *, advice: str | None) -> None:
        super().__init__(f"{count} argument{'s' if count > 1 else ''} more than this command takes", ctx)
        self.advice = advice


class Command(click.Command):
    """A command with `--json` and `--progress`."""

    on_extra: str | None = None
    """The advice for too many arguments."""

    @override
    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*self.params, _JSON_OPTION, _PROGRESS_OPTION, *super().get_params(ctx)[len(self.params) :]]

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True  # click would repeat them in its message
        extra = super().parse_args(ctx, args)
        if extra and not ctx.resilient_parsing:
            raise UnexpectedArguments(len(extra), ctx, advice=self.on_extra)
        return extra


class SecretReadingCommand(Command):
    """A command that is given a secret, and never as an argument."""

    on_extra: str | None = (
        "a secret is read from standard input, from --from-file, or asked for; on a command line others see it"
    )


class Group(click.Group):
    """A group of such commands."""

    command_class: type[click.Command] | None = Command


def example(*lines: str) -> str:
    """Return the end of a command's help: how it is called."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


class VersionNumber(click.ParamType[int]):
    """A version, counted from 1. What was given instead is not repeated: as an argument it may be a secret."""

    name = "version"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) <= _VERSION_DIGITS and int(text)):
            self.fail("not a version number", param, ctx)
        return int(text)


class Word(click.Choice[str]):
    """One of a few words. What was given instead is not repeated: as an argument it may be a secret."""

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(f"not one of {', '.join(self.choices)}", param, ctx)
        return str(value)


from_file = click.option(
    "--from-file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Read the value from FILE; `-` is standard input.",
)
if_version = click.option(
    "--if-version",
    metavar="N",
    type=click.IntRange(min=0, max=LARGEST),
    help="Only if this is the version now; 0: only if there is none.",
)
confirm = click.option("--confirm", metavar="NAME", help="The name once more, where nobody can be asked for it.")


def _noted(name: str) -> Callable[[click.Context, click.Parameter, object], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        ctx.meta[name] = value

    return callback


_JSON_OPTION = click.Option(
    ["--json"], is_flag=True, expose_value=False, callback=_noted(JSON), help="One JSON document on standard output."
)
_PROGRESS_OPTION = click.Option(
    ["--progress"],
    type=Word(["bar", "json", "none"]),
    default="bar",
    expose_value=False,
    callback=_noted(PROGRESS),
    help="On standard error: a bar if it is a terminal (the default), JSON Lines, or none.",
)
