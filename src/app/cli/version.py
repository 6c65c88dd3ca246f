"""`strongroom version`: what runs here. Opens nothing."""

import click

from app.cli.options import Command, example


@click.command("version", cls=Command, epilog=example("strongroom version --json"))
def command() -> None:
    """Show the version of Strongroom and of what it runs on."""
    import platform
    import sqlite3

    from app.cli.output import emit
    from app.version import __version__

    shown = {"version": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    emit(shown, f"strongroom {shown['version']} (Python {shown['python']}, SQLite {shown['sqlite']})")
