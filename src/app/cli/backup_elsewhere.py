"""`strongroom backup push` and `fetch`: copies off this machine, and back."""

from typing import TYPE_CHECKING

import click

from app.cli.options import Command, example

if TYPE_CHECKING:  # `--help` does without it
    from domain.values import SecretValue

_LIMIT = 64 * 1_024


@click.command("push", cls=Command, epilog=example("strongroom backup push"))
def push() -> None:
    """Push every verified backup off-site that is not there yet, encrypted if recipients are set."""
    from app.cli.opening import service
    from app.cli.output import emit

    with service() as opened:
        pushed = opened.push_backups()()
        copies = opened.offsite().list()
    text = [f"pushed {file}" for file in pushed] or ["every verified backup is there already"]
    emit({"pushed": pushed, "copies": [copy.file for copy in copies]}, text)


@click.command(
    "fetch",
    cls=Command,
    epilog=example("strongroom backup fetch agents.db.bak-20261124T120000Z --identity-file age.key"),
)
@click.argument("name")
@click.option(
    "--identity-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="The age identity that an encrypted one is opened with.",
)
def fetch(name: str, identity_file: str | None) -> None:
    """Bring a backup back from off-site, checked against its manifest; then `backup restore` restores it."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.documents import backup_document

    identities = [] if identity_file is None else _identities(identity_file)
    with service() as opened:
        fetched = opened.fetch_backup()(name, identities)
        where = opened.settings().backup_dir / fetched.file
    emit(
        backup_document(fetched),
        f"{where}: {fetched.bytes:,} bytes; `strongroom backup restore {fetched.file}` restores it",
    )


def _identities(path: str) -> "list[SecretValue]":
    """Read an identity file as age writes it, one a line and comments, or an SSH key."""
    from pathlib import Path

    from domain.errors import Invalid
    from domain.values import SecretValue

    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_LIMIT)
    except (OSError, UnicodeDecodeError):
        raise Invalid("the identity file cannot be read as text") from None
    if text.startswith("-----BEGIN"):
        return [SecretValue(text)]
    lines = text.splitlines()
    return [SecretValue(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
