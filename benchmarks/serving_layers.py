"""What `benchmarks/serving.py` runs in the server's own process: the bare route, and the layers one by one."""

import asyncio
import logging
import statistics
import sys
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

import app.http.server
from app.boot import open_service
from app.http.application import build_app
from app.http.envelope import Envelope
from app.http.readiness import Readiness
from app.logs import set_up_logs
from app.setting_sources import load_settings
from domain.migrations import MigrationReport

_CALLS = 300
_KEY = "forgejo:reviewer:acme/api:42"
_log = logging.getLogger("strongroom.http")


def serve_bare(home: str, port: int) -> None:
    """Serve one constant answer with our server and its configuration, and nothing else of ours."""

    async def constant(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    app.http.server.build_app = lambda *_given, **_more: Starlette(routes=[Route("/bare", constant)])
    app.http.server.serve(_open(Path(home), port=port), say=print, on_report=lambda _report: None)


def costs_of_layers(home: Path, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Return for each layer the microseconds that it adds: median, least and most of the rounds; then the whole."""
    container = _open(home, rate_limit=100_000_000)
    container.sessions().set(_KEY, "9f1c")
    _, token = container.create_api_token()("a benchmark", ("admin",))
    readiness = Readiness()
    readiness.settle(MigrationReport(dry_run=False))
    standard_error, sys.stderr = sys.stderr, Path("/dev/null").open("w")  # noqa: SIM115 - a log to the end
    try:
        set_up_logs(level="info", form="json")
        stacks = _stacks(build_app(container, readiness))
        took = asyncio.run(_timed(stacks, _scope(token.reveal()), rounds))
    finally:
        sys.stderr = standard_error
        logging.getLogger().handlers.clear()
        container.database().close()
    return _differences(took)


def _open(home: Path, **flags: object):
    return open_service(load_settings({}, {"state_dir": home / "state", "config_dir": home / "config", **flags}))


def _stacks(whole: Starlette) -> dict[str, tuple[ASGIApp, bool]]:
    """Return, from the inside to the outside, the service with one layer more each time, and whether it logs."""
    inner: ASGIApp = whole.router
    stacks = {"route and handler": (inner, False)}
    inner = ExceptionMiddleware(inner)
    stacks["Starlette's exceptions"] = (inner, False)
    for layer in reversed(whole.user_middleware):
        if layer.cls is Envelope:
            stacks["Envelope, silent"] = (Envelope(inner), False)
        inner = layer.cls(inner, *layer.args, **layer.kwargs)
        stacks["metrics" if layer.cls is Envelope else layer.cls.__name__] = (inner, False)
    stacks["log line"] = (inner, True)
    return stacks


async def _timed(stacks: dict[str, tuple[ASGIApp, bool]], scope: dict, rounds: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in stacks}
    for number in range(rounds + 1):
        for name, (stack, logs) in stacks.items():
            _log.setLevel(logging.INFO if logs else logging.WARNING)
            each = await _time(stack, scope)
            if number:  # the first round warms up
                took[name].append(each)
    return took


async def _time(stack: ASGIApp, scope: dict) -> float:
    """Return the microseconds of a processor that one call takes, which a busy machine changes less."""
    statuses = []

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    began = time.thread_time()
    for _ in range(_CALLS):
        await stack(dict(scope), receive, send)
    took = time.thread_time() - began
    assert statuses == [200] * _CALLS, statuses[0]
    return took / _CALLS * 1e6


def _scope(token: str) -> dict:
    path = f"/sessions/{_KEY}"
    headers = {"host": "localhost", "accept": "*/*", "user-agent": "a-benchmark", "authorization": f"Bearer {token}"}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8_787),
        "state": {},
    }


def _differences(took: dict[str, list[float]]) -> dict[str, tuple[float, float, float]]:
    costs, before = {}, [0.0] * len(next(iter(took.values())))
    for name, rounds in took.items():
        costs[name] = _spread([now - then for now, then in zip(rounds, before, strict=True)])
        before = rounds
    return {**costs, "the whole": _spread(before)}


def _spread(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)
