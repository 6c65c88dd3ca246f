"""`strongroom version`: what runs here. Opens nothing."""

import click

from app.cli.options import Command, example


@click.command("version", cls=Command, epilog=example("strongroom version --json"))
def command() -> None:
    """Show the version of Strongroom and of what it runs on."""
    import platform

    from app.cli.opening import is_guest
    from app.cli.output import emit
    from app.container import sqlite_driver
    from app.version import __version__

    sqlite = sqlite_driver(is_guest=is_guest()).sqlite_version
    shown = {"version": __version__, "python": platform.python_version(), "sqlite": sqlite}
    emit(shown, f"strongroom {shown['version']} (Python {shown['python']}, SQLite {shown['sqlite']})")
