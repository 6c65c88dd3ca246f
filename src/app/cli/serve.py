"""`strongroom serve`: the service itself."""

import click

from app.cli.options import Command, example


@click.command("serve", cls=Command, epilog=example("strongroom serve --host 127.0.0.1 --port 8787"))
@click.option("--host", metavar="ADDRESS", help="Listen on this address.")
@click.option("--port", metavar="N", help="Listen on this port; 0 turns TCP off.")
@click.pass_context
def command(ctx: click.Context, host: str | None, port: str | None) -> None:
    """Run the service: migrate the old files, then answer HTTP."""
    import resource

    from app.cli.migration_report import as_text
    from app.cli.opening import service, settings
    from app.cli.output import say
    from app.http.server import serve
    from app.logs import set_up_logs

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump of our memory would hold the key, and tokens
    given = settings(host=host, port=port)
    set_up_logs(level=given.log_level, form=given.log_format)
    with service(given) as opened:
        ctx.exit(serve(opened, say=say, on_report=lambda report: say("\n".join(as_text(report)))))
