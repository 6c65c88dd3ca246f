"""A gauge that is read when somebody asks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Readings = Iterable[tuple[Sequence[str], float]]
"""Values, each behind its labels."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge, and its parts by name: what one of them cannot read is missing alone."""

    name: str
    text: str
    labels: tuple[str, ...]
    parts: Mapping[str, Callable[[], Readings]]
