"""A span for each request, with the attributes that are listed here and no others.

Starlette has a layer for this, too; its spans carry path, query, host, user agent and the text of exceptions.
A path here holds the names of secrets and the keys of sessions, and a query the code of a login.
"""

from http import HTTPStatus

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.http.envelope import NO_ROUTE, REQUEST_ID, method_of, route_of
from app.redaction import masked_text
from app.version import __version__

SCOPE = "strongroom.http"
_PARENT = "traceparent"


class Spans:
    """The layer around the `Envelope`: so it sees the status of every answer, and the request's id on it."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within a span. What is logged meanwhile carries the id of its trace."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = method_of(scope)
        with self._tracer.start_as_current_span(
            method,
            context=_parent(scope),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,  # its text may quote a secret
            set_status_on_exception=False,
        ) as span:
            trace_id = format_trace_id(span.get_span_context().trace_id)
            with bound_contextvars(trace_id=trace_id):
                await self._traced(scope, receive, _Noting(send, span), span)

    async def _traced(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            _mark_failed(span, type(error).__qualname__)
            raise
        finally:
            route = route_of(scope)
            span.update_name(f"{method_of(scope)} {route}")
            if route != NO_ROUTE:
                span.set_attribute("http.route", route)


class _Noting:
    """Notes the status of an answer and the request's id."""

    def __init__(self, send: Send, span: Span) -> None:
        self._send = send
        self._span = span

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            self._span.set_attribute("http.response.status_code", status)
            request_id = Headers(raw=message["headers"]).get(REQUEST_ID, "")
            self._span.set_attribute("strongroom.request_id", masked_text(request_id))  # a caller may choose it
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                _mark_failed(self._span, str(status))
        await self._send(message)


def exporting(exporter: SpanExporter, *, service: str) -> Tracer:
    """Return a tracer that sends its spans by `exporter`, a batch at a time; what is left is sent at the end."""
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer(SCOPE, __version__)


def _parent(scope: Scope) -> Context:
    """Take from the caller which trace the request belongs to, and none of the free text that may come with that."""
    given = Headers(scope=scope).get(_PARENT)
    return TraceContextTextMapPropagator().extract({_PARENT: given} if given else {}, context=Context())


def _mark_failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)
