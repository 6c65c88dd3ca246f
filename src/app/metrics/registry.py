"""All the metrics of one application, in a registry of its own: two applications in one process do not mix theirs."""

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from app.metrics.operations import StoreMetrics
from app.metrics.refreshes import RefreshMetrics
from app.metrics.requests import RequestMetrics
from app.metrics.stock import Sources, StockCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """What is counted as it happens, and what is looked up when somebody asks."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each, of when it began; nobody asks for that
        self._registry = CollectorRegistry()
        self.requests = RequestMetrics(self._registry)
        self.stores = StoreMetrics(self._registry)
        self.refreshes = RefreshMetrics(self._registry)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def watch(self, sources: Sources) -> None:
        """Look at `sources` whenever somebody asks. To be called once."""
        errors = Counter(
            "strongroom_scrape_errors_total",
            "Parts of a scrape that could not be read; the rest of it is there.",
            ["part"],
            registry=None,
        )
        self._registry.register(StockCollector(sources, errors))
        self._registry.register(errors)  # behind it, so that a scrape shows its own errors

    def render(self) -> bytes:
        """Return all of it in Prometheus's text format. Reads the database: not for the event loop."""
        return generate_latest(self._registry)
