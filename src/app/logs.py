"""Logs: to standard error, lines for a terminal or JSON, and never a secret."""

import logging
import logging.config
import os
import sys
from contextlib import suppress
from typing import TextIO

import structlog
from typing_extensions import override

from app.redaction import Event, masked

_TALKATIVE = ("alembic", "uvicorn")
"""Loggers that tell at `info` of every step they take; what an operator needs of that we say ourselves."""

_SILENT = ("authlib", "httpx2", "httpcore2")
"""Loggers of the wire, which at `debug` write down what must be in no log: headers, addresses, verifiers."""


def set_up_logs(*, level: str = "info", form: str | None = None) -> None:
    """Send structlog's and the standard library's logs to standard error, from `level` up.

    `form` is `console` or `json`; None: console if standard error is a terminal, else json.
    """
    terminal = sys.stderr.isatty()
    form = form or ("console" if terminal else "json")
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.ExtraAdder(), _without_colors],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # plain: the pretty ones show local variables
                masked,  # last, so that whatever the others made a text of is masked, too
                _renderer(form, colors=terminal and not os.environ.get("NO_COLOR")),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for silent in _SILENT:
        logging.getLogger(silent).setLevel(logging.WARNING)
    if level == "info":
        for talkative in _TALKATIVE:
            logging.getLogger(talkative).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Says where a line was that could not be made. The library's own complaint would show its arguments, unmasked."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        text, where = "a line of the log was left out: it could not be made", (record.pathname, record.lineno)
        instead = logging.LogRecord(record.name, logging.ERROR, *where, f"{text} (%s:%s)", where, None)
        with suppress(Exception):  # there is nowhere left to say it
            self.stream.write(self.format(instead) + self.terminator)


def _without_colors(_logger: object, _method: str, event: Event) -> Event:
    """Leave out that uvicorn says everything a second time, in colours."""
    event.pop("color_message", None)
    return event


def _renderer(form: str, *, colors: bool) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
