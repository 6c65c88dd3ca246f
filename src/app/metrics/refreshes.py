"""Refreshes of OAuth tokens, by forge and by what came of them."""

from prometheus_client import CollectorRegistry, Counter

from app.usecases.oauth.refresh import RefreshOutcome
from domain.values import FORGES


class RefreshMetrics:
    """Every series is there from the start, so that the first failure is an increase."""

    def __init__(self, registry: CollectorRegistry) -> None:
        total = Counter(
            "strongroom_oauth_refreshes_total",
            "Times that somebody needed another OAuth token than the stored one, by what came of it.",
            ["forge", "outcome"],
            registry=registry,
        )
        self._counts = {
            (forge, outcome): total.labels(forge, outcome.value).inc for forge in FORGES for outcome in RefreshOutcome
        }

    def __call__(self, forge: str, outcome: RefreshOutcome) -> None:
        """Note one."""
        self._counts[forge, outcome]()
