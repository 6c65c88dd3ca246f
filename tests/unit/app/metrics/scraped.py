"""A scrape as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families


def scraped(text: bytes | str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by its name and labels; a name that is described twice is refused, as Prometheus does."""
    text = text.decode() if isinstance(text, bytes) else text
    described = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(described) == len(set(described))
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


class Scrape:
    """A scrape that can be asked for a value: by the metric's name without `strongroom_`, and its labels."""

    def __init__(self, text: bytes | str) -> None:
        self.samples = scraped(text)

    def __call__(self, metric, **labels):
        """Return the value, None if there is no such series."""
        return self.samples.get((f"strongroom_{metric}", frozenset(labels.items())))

    def series(self, metric):
        """Return the labels of every series of a metric."""
        return [dict(labels) for name, labels in self.samples if name == f"strongroom_{metric}"]
