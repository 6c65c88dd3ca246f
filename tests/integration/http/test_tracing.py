"""Spans of requests: what is in them, and what is never."""

import logging
import sys
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.http.application import build_app
from app.http.envelope import Envelope
from app.http.spans import Spans, exporting
from app.http.tracing import ENDPOINTS, tracing
from app.version import __version__
from domain.errors import DatabaseUnusable

CANARY = "canary-5c1e"
KEY = f"forgejo:reviewer:acme/{CANARY}:1"
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("a test")


@pytest.fixture
def traced(container, readiness, tracer):
    """A client of a service that is traced."""
    app = build_app(container, readiness, around=[Middleware(Spans, tracer=tracer)])
    _, token = container.create_api_token()("a test", ("admin",))
    return TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}"})


def test_a_span_says_method_route_status_and_request_and_nothing_else(traced, exporter):
    answer = traced.get(f"/sessions/{KEY}?x={CANARY}", headers={"User-Agent": CANARY})

    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /sessions/{key:path}"
    assert span.kind is SpanKind.SERVER
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/sessions/{key:path}",
        "http.response.status_code": 404,
        "strongroom.request_id": answer.headers["X-Request-Id"],
    }
    assert span.status.status_code is StatusCode.UNSET


def test_nothing_of_path_query_headers_and_body_is_in_a_span(traced, exporter):
    for method in ("GET", "PUT", CANARY.upper()):
        for path in (f"/sessions/{KEY}", f"/secrets/generic:{CANARY}/value", f"/{CANARY}", "/oauth/gitlab/callback"):
            traced.request(
                method,
                f"{path}?code={CANARY}&state={CANARY}",
                json={"value": CANARY, "session_id": CANARY},
                headers={
                    "User-Agent": CANARY,
                    "Cookie": f"x={CANARY}",
                    "Host": f"{CANARY}.example",
                    "Referer": CANARY,
                    "X-Forwarded-For": CANARY,
                    "baggage": f"x={CANARY}",
                    "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
                    "tracestate": f"x={CANARY}",
                },
            )

    spans = exporter.get_finished_spans()

    assert len(spans) == 12
    assert all(CANARY not in span.to_json().lower() for span in spans)
    assert all(CANARY not in str(span.context.trace_state) for span in spans)


def test_a_request_belongs_to_the_trace_of_its_caller(traced, exporter):
    traced.get("/livez", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})

    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


@pytest.mark.parametrize("given", ["nonsense", CANARY, f"00-{'0' * 32}-{'0' * 16}-01"])
def test_a_malformed_trace_of_a_caller_is_none(traced, exporter, given):
    traced.get("/livez", headers={"traceparent": given})

    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_a_fault_is_marked_by_its_status_and_its_text_is_not_there(container, readiness, tracer, exporter):
    class Failing:
        def __getattr__(self, _name):
            def fail(*_args, **_kwargs):
                raise DatabaseUnusable(CANARY)

            return fail

    container.sessions.override(Failing())
    app = build_app(container, readiness, around=[Middleware(Spans, tracer=tracer)])
    _, token = container.create_api_token()("a test", ("admin",))
    TestClient(app, headers={"Authorization": f"Bearer {token.reveal()}"}).get("/sessions")

    (span,) = exporter.get_finished_spans()
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (503, "503")
    assert span.status.status_code is StatusCode.ERROR
    assert CANARY not in span.to_json()


def test_an_answer_that_was_cut_off_is_marked_by_the_kind_of_its_error(tracer, exporter):
    async def breaks_off(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(CANARY)

    TestClient(Spans(Envelope(breaks_off), tracer=tracer), raise_server_exceptions=False).get(f"/{CANARY}")

    (span,) = exporter.get_finished_spans()
    assert (span.name, span.attributes["error.type"]) == ("GET (no route)", "RuntimeError")
    assert span.events == ()
    assert CANARY not in span.to_json()


def test_two_requests_are_two_traces(traced, exporter):
    traced.get("/livez")
    traced.get("/livez")

    first, second = exporter.get_finished_spans()
    assert first.context.trace_id != second.context.trace_id


@pytest.mark.parametrize("environ", [{}, dict.fromkeys(ENDPOINTS, "")], ids=["unset", "empty"])
def test_without_an_endpoint_nothing_is_traced_and_nothing_said(environ, caplog):
    assert tracing(environ) == []
    assert caplog.records == []


@pytest.mark.parametrize("name", ENDPOINTS)
def test_with_an_endpoint_and_without_the_extra_one_line_says_what_is_missing(monkeypatch, caplog, name):
    monkeypatch.setitem(sys.modules, EXPORTER, None)

    assert tracing({name: f"http://{CANARY}:4318"}) == []

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"{name} is set, and no trace is sent: pip install 'strongroom[otel]'"


@pytest.mark.parametrize(("environ", "service"), [({}, "strongroom"), ({"OTEL_SERVICE_NAME": "ours"}, "ours")])
def test_with_an_endpoint_and_the_extra_spans_are_sent(monkeypatch, exporter, environ, service):
    monkeypatch.setitem(sys.modules, EXPORTER, SimpleNamespace(OTLPSpanExporter=lambda: exporter))
    layers = tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", **environ})

    async def answer(_request):
        return PlainTextResponse("x")

    TestClient(Starlette(routes=[Route("/x", answer)], middleware=layers)).get("/x")
    layers[0].kwargs["tracer"].span_processor.force_flush()

    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /x"
    assert (span.resource.attributes["service.name"], span.resource.attributes["service.version"]) == (
        service,
        __version__,
    )
    layers[0].kwargs["tracer"].span_processor.shutdown()


def test_what_is_left_is_sent_at_the_end(exporter):
    tracer = exporting(exporter, service="x")
    with tracer.start_as_current_span("GET /x"):
        pass

    tracer.span_processor.shutdown()

    assert [span.name for span in exporter.get_finished_spans()] == ["GET /x"]


def test_a_token_that_a_caller_takes_for_a_request_id_is_in_no_span(traced, exporter):
    token = "srt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGabcdef"

    traced.get("/livez", headers={"X-Request-Id": token})

    (span,) = exporter.get_finished_spans()
    assert token not in repr(dict(span.attributes))
