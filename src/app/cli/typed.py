"""What only a person or a pipe may give: secret values, and the name of what is to be destroyed."""

import sys
from pathlib import Path

import click

from domain.errors import Invalid
from domain.values import SECRET_LIMIT, SecretValue

_READ_AT_MOST = SECRET_LIMIT + len(b"\r\n") + 1


def secret_value(from_file: str | None, *, prompt: str) -> SecretValue:
    """Read a secret from a file, from standard input, or from a person at a terminal. Raises `Invalid`.

    One line end after it is no part of it. What is typed is not shown, and asked for twice.
    """
    if from_file is None and sys.stdin.isatty():
        return SecretValue(
            click.prompt(
                prompt, default="", hide_input=True, show_default=False, err=True, confirmation_prompt="once more"
            )
        )
    return _decoded(_read(from_file))


def confirmed_name(name: str, confirm: str | None, *, what: str, verb: str = "delete") -> None:
    """Have the name given once more before it is destroyed; raises `Invalid` if it is another or not there."""
    if confirm is None and sys.stdin.isatty():
        confirm = click.prompt(f"This {verb}s {what}. Type its name, {name}, to go on", err=True)
    if confirm is None:
        doing = f"{verb.removesuffix('e')}ing"
        raise Invalid(f"{doing} {what} needs its name once more", advice=f"add --confirm {name}")
    if confirm != name:
        raise Invalid(f"to {verb} {what}, confirm with {name}: another name was given", advice=f"add --confirm {name}")


def _read(from_file: str | None) -> bytes:
    if from_file in {None, "-"}:
        return sys.stdin.buffer.read(_READ_AT_MOST)
    try:
        with Path(str(from_file)).open("rb") as file:
            return file.read(_READ_AT_MOST)
    except OSError as error:
        raise Invalid(f"{from_file} cannot be read: {error.strerror}") from None


def _decoded(content: bytes) -> SecretValue:
    line_end = next((end for end in (b"\r\n", b"\n") if content.endswith(end)), b"")
    try:
        return SecretValue(content.removesuffix(line_end).decode())
    except UnicodeDecodeError:
        raise Invalid("the value is not UTF-8") from None
