"""`strongroom openapi`: the description of the HTTP API."""

import click

from app.cli.options import Command, example


@click.command("openapi", cls=Command, epilog=example("strongroom openapi > openapi.json"))
def command() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    from importlib.resources import files

    # Written by `make openapi`: what a running service answers at /openapi.json, without one.
    click.echo(files("app.http").joinpath("openapi.json").read_text(), nl=False)
