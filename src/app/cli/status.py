"""`strongroom status`: how things stand, on one screen."""

import click

from app.cli.options import Command, example


@click.command("status", cls=Command, epilog=example("strongroom status"))
def command() -> None:
    """Show on one screen how things stand."""
    from app.cli.opening import service
    from app.cli.output import emit
    from app.cli.status_report import as_document, as_text

    with service() as opened:
        document = as_document(
            opened.survey()(),
            database=opened.settings().sqlite_path,
            is_current=opened.schema().look().is_current,
            key=opened.master_key(),
        )
        now = opened.clock().now()
    emit(document, as_text(document, now))
