"""Requests over HTTP, by method, route template and status."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram

NO_ANSWER = "(none)"
"""The status of a request whose client went away before it was answered."""

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class RequestMetrics:
    """Counts and times requests. One look into a dict finds both, for the library's own way takes a lock and a copy."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "strongroom_http_requests_total",
            "Requests that were answered, by route template.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._duration = Histogram(
            "strongroom_http_request_duration_seconds",
            "Time from the request's head to the last byte of the answer.",
            ["method", "route"],
            buckets=_BOUNDS_S,
            registry=registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def __call__(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one request; `status` is 0 if there was no answer.

        The caller names few methods, and a route by its template, never a path: every label is kept for good.
        """
        count, observe = self._known.get((method, route, status)) or self._first(method, route, status)
        count()
        observe(seconds)

    def _first(self, method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
        shown = str(status) if status else NO_ANSWER
        found = self._total.labels(method, route, shown).inc, self._duration.labels(method, route).observe
        self._known[method, route, status] = found
        return found
