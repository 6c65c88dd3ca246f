"""Logs: to standard error, lines for a terminal or JSON, and never a secret."""

import logging
import logging.config
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_MASK = "********"
_SECRET_NAME = re.compile(r"(?i)(^|_)(token|secret|password|authorization|cookie|master_key)$")
_SECRET_TEXT = (
    re.compile(r"\b(srt_)[0-9A-Za-z]+"),
    re.compile(r"(?i)\b(bearer +)\S+"),
    re.compile(r"([?&](?:code|state|access_token|token)=)[^&\s\"']+"),
    re.compile(r"(://[^/@\s:]*:)[^/@\s]+(?=@)"),
)

_TALKATIVE = ("alembic", "uvicorn")
"""Loggers that tell at `info` of every step they take; what an operator needs of that we say ourselves."""

Event = MutableMapping[str, Any]


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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # plain: the pretty ones show local variables
                masked,
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
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def masked(_logger: object, _method: str, event: Event) -> Event:
    """Mask what is called like a secret, and what looks like one of ours inside a text."""
    return {name: _MASK if _SECRET_NAME.search(name) else _masked_value(value) for name, value in event.items()}


def _masked_value(value: object) -> object:
    if isinstance(value, str):
        for pattern in _SECRET_TEXT:
            value = pattern.sub(rf"\g<1>{_MASK}", value)
        return value
    if isinstance(value, dict):
        return masked(None, "", value)
    if isinstance(value, list | tuple):
        return [_masked_value(item) for item in value]
    return value


def _renderer(form: str, *, colors: bool) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
