"""Operations of stores: how often, how long, and what came of them."""

from collections.abc import Callable
from time import perf_counter
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.errors import DomainError

OK = "ok"

_BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class StoreMetrics:
    """The operations of every store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.total = Counter(
            "strongroom_store_operations_total",
            "Operations of a store; outcome is ok or the code of the error.",
            ["store", "operation", "outcome"],
            registry=registry,
        )
        self.duration = Histogram(
            "strongroom_store_operation_duration_seconds",
            "Time that an operation of a store took.",
            ["store", "operation"],
            buckets=_BOUNDS_S,
            registry=registry,
        )

    def of(self, store: str) -> "Operations":
        """Return what measures the operations of one store."""
        return Operations(self, store)


class Operations:
    """Runs the operations of one store, and notes each. Safe to share between threads."""

    def __init__(self, metrics: StoreMetrics, store: str) -> None:
        self._metrics = metrics
        self._store = store
        self._known: dict[tuple[str, str], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def __call__(self, operation: str, act: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what `act` returns, and raise what it raises."""
        outcome, began = DomainError.code, perf_counter()
        try:
            done = act(*args, **kwargs)
            outcome = OK
        except DomainError as error:
            outcome = error.code
            raise
        finally:
            count, observe = self._known.get((operation, outcome)) or self._first(operation, outcome)
            observe(perf_counter() - began)
            count()
        return done

    def _first(self, operation: str, outcome: str) -> tuple[Callable[[], None], Callable[[float], None]]:
        total, duration = self._metrics.total, self._metrics.duration
        found = (
            total.labels(self._store, operation, outcome).inc,
            duration.labels(self._store, operation).observe,
        )
        self._known[operation, outcome] = found
        return found
