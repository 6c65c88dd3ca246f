"""Whether requests are traced: only if the environment says where to, and the extra is installed."""

import logging
from collections.abc import Mapping
from importlib import import_module

from starlette.middleware import Middleware

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_log = logging.getLogger("strongroom.http")


def tracing(environ: Mapping[str, str]) -> list[Middleware]:
    """Return the layer that traces, which goes around all others; none if nobody asked for it.

    The rest of the environment's `OTEL_…` the libraries read for themselves.
    """
    named = next((name for name in ENDPOINTS if environ.get(name)), None)
    if named is None:
        return []
    try:
        exporter = import_module(_EXPORTER).OTLPSpanExporter()
        spans = import_module("app.http.spans")  # not above: without the extra it cannot be imported
    except ImportError:
        _log.warning("%s is set, and no trace is sent: pip install 'strongroom[otel]'", named)
        return []
    tracer = spans.exporting(exporter, service=environ.get("OTEL_SERVICE_NAME", "strongroom"))
    return [Middleware(spans.Spans, tracer=tracer)]
