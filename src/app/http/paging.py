"""Pages by key: what comes behind the last one that was seen. No offsets: a change then skips and repeats nothing."""

from collections.abc import Sequence
from typing import Protocol, TypedDict, TypeVar


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class Further(TypedDict, total=False):
    """The name to go on behind, None at the end; nothing is said where all was asked for."""

    next: str | None


def page_of(sorted_by_name: Sequence[N], *, after: str | None, limit: int | None) -> tuple[list[N], Further]:
    """Return the items behind `after`, at most `limit`, and where to go on."""
    behind = [each for each in sorted_by_name if after is None or each.name > after]
    if limit is None:
        return behind, {}
    page = behind[:limit]
    return page, {"next": page[-1].name if len(page) < len(behind) else None}
