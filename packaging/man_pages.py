"""Manual pages out of the command tree: one for the program, one for each of its commands with all below it."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click

VERBATIM = "\b"
"""Where a paragraph begins with it, click leaves its lines as they are."""

WIDTH = 78
_QUOTED = re.compile(r"`([^`]+)`")
_SPECIAL = {"\\": r"\e", "-": r"\-", "^": r"\(ha", "~": r"\(ti", "'": r"\(aq", "`": r"\(ga", '"': r"\(dq"}


def man_pages(program: click.Group, settings: Mapping[str, Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """Return name of the file -> page. `settings` are described in the program's page, as variables."""
    above = click.Context(program, info_name=program.name, **program.context_settings)
    pages = {_file(above): _page(above, _overview(above, settings, prefix))}
    for below in _each_below(above):
        name = above.command_path
        pages[_file(below)] = _page(below, [*_commands(below), *_section("SEE ALSO", [f".BR {name} (1)"])])
    return pages


def _page(ctx: click.Context, rest: Iterable[str]) -> str:
    command, title = ctx.command, ctx.command_path.replace(" ", "-")
    lines = [
        # Neither date nor version: the page would differ at each release without saying anything else.
        f'.TH "{_plain(title.upper())}" 1 "" "" "Strongroom manual"',
        *_section("NAME", [rf"{_plain(title)} \- {_plain(command.get_short_help_str(200).rstrip('.'))}"]),
        *_section("SYNOPSIS", _usage(ctx)),
        *_section("DESCRIPTION", _text(command.help or "")),
        *_section("OPTIONS", _options(ctx, lambda _: True)),
        *rest,
        *_section("EXAMPLE", _example(command)),
    ]
    return "\n".join(lines) + "\n"


def _overview(ctx: click.Context, settings: Mapping[str, Mapping[str, Any]], prefix: str) -> Iterator[str]:
    commands = (
        line
        for below in _each_below(ctx)
        for line in (
            ".TP",
            f".BR {_plain(below.command_path.replace(' ', '-'))} (1)",
            _plain(below.command.get_short_help_str(200)),
        )
    )
    yield from _section("COMMANDS", commands)
    yield from _section("ENVIRONMENT", (line for each in settings.items() for line in _variable(*each, prefix)))


def _variable(name: str, setting: Mapping[str, Any], prefix: str) -> Iterator[str]:
    default = f" (default: {setting['default']})" if setting["default"] is not None else ""
    yield from (".TP", f".B {_plain(prefix + name.upper())}", *_wrapped(f"{setting['meaning']}{default}"))


def _commands(ctx: click.Context) -> Iterator[str]:
    """Describe what is below a group, each with what only it takes, and then what all of it takes."""
    below = list(_each_below(ctx))
    lines = (line for each in below for line in _command(each))
    yield from _section("COMMANDS", lines)
    if below:
        own = {id(parameter) for parameter in below[0].command.params}
        yield from _section("OPTIONS OF EVERY COMMAND", _options(below[0], lambda each: id(each) not in own))


def _command(ctx: click.Context) -> Iterator[str]:
    own = {id(parameter) for parameter in ctx.command.params}
    yield f'.SS "{_plain(ctx.command_path)}"'
    yield from _usage(ctx)
    yield ".PP"
    yield from _text(ctx.command.help or "")
    yield from _options(ctx, lambda each: id(each) in own)
    yield ".PP"
    yield from _example(ctx.command)


def _each_below(ctx: click.Context) -> Iterator[click.Context]:
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield click.Context(command, info_name=name, parent=ctx)


def _usage(ctx: click.Context) -> list[str]:
    return [f".B {_plain(ctx.command_path)}", _plain(" ".join(ctx.command.collect_usage_pieces(ctx)))]


def _options(ctx: click.Context, wanted: Callable[[click.Parameter], bool]) -> Iterator[str]:
    for parameter in ctx.command.get_params(ctx):
        described = parameter.get_help_record(ctx)
        if described is not None and described[1] and wanted(parameter):
            yield from (".TP", f".B {_plain(described[0])}", *_text(described[1]))


def _example(command: click.Command) -> list[str]:
    """Show the example from under the help, without its heading."""
    heading, _, lines = inspect.cleandoc(command.epilog or "").removeprefix(VERBATIM).strip().partition("\n")
    shown = map(_plain, inspect.cleandoc(f"\n{lines}").splitlines())
    return [".nf", ".RS 4", *shown, ".RE", ".fi"] if heading else []


def _text(text: str) -> Iterator[str]:
    """Lay out what a help text says, paragraph by paragraph."""
    for number, paragraph in enumerate(re.split(r"\n{2,}", inspect.cleandoc(text))):
        if number:
            yield ".PP"
        if paragraph.startswith(VERBATIM):
            yield from (".nf", *map(_plain, paragraph.removeprefix(VERBATIM).strip("\n").splitlines()), ".fi")
        else:
            yield from _wrapped(" ".join(paragraph.split()))


def _wrapped(paragraph: str) -> Iterator[str]:
    """Escape a paragraph and break its lines; what stands in backquotes is bold."""
    marked = _QUOTED.sub(r"\\fB\1\\fR", _escaped(paragraph, keep="`"))
    for line in textwrap.wrap(marked, WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _no_request(line)


def _plain(line: str) -> str:
    """Write `line` so that it comes out as it is."""
    return _no_request(_escaped(line))


def _escaped(text: str, keep: str = "") -> str:
    return "".join(
        letter if letter in keep else _SPECIAL.get(letter, letter if letter.isascii() else f"\\[u{ord(letter):04X}]")
        for letter in text
    )


def _no_request(line: str) -> str:
    """Guard a line that roff would take for a request."""
    return rf"\&{line}" if line.startswith(".") else line


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f".SH {title}", *found] if found else []


def _file(ctx: click.Context) -> str:
    return f"{ctx.command_path.replace(' ', '-')}.1"
