"""Points in time: integer milliseconds since the Unix epoch, UTC, between 2000 and 2100.

The bounds let seconds and milliseconds be told apart without a guess: the two ranges do not overlap.
"""

import re
from datetime import UTC, datetime, timedelta

from domain.errors import Invalid

EARLIEST_MS = 946_684_800_000
"""2000-01-01T00:00:00Z, the first instant."""

END_MS = 4_102_444_800_000
"""2100-01-01T00:00:00Z, the first instant that is outside."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_WITH_ZONE = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}(:?\d{2}([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)", re.ASCII)


def parse_instant(raw: object) -> int:
    """Read an instant in any accepted form: seconds, milliseconds, or ISO 8601 with a zone.

    Returns milliseconds; parts of a millisecond are cut. Raises `Invalid` for everything else.
    """
    if type(raw) is int and EARLIEST_MS <= raw < END_MS:
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise Invalid("not an instant: neither an integer nor a text")
    instant = _from_text(raw) if isinstance(raw, str) else _from_number(raw)
    return in_range(instant)


def in_range(instant: int) -> int:
    """Return `instant` if it lies between 2000 and 2100; raises `Invalid` otherwise."""
    if not EARLIEST_MS <= instant < END_MS:
        raise Invalid("not an instant: outside the years 2000 to 2100")
    return instant


def format_instant(instant: int) -> str:
    """Show an instant to people: `2026-11-24 09:30:00 UTC`. Of a stored number that is none, it says so."""
    try:
        return (_EPOCH + timedelta(milliseconds=instant)).strftime("%Y-%m-%d %H:%M:%S UTC")
    except OverflowError:
        return f"no instant: {instant}"


def _from_number(raw: int) -> int:
    return raw * SECOND_MS if EARLIEST_MS <= raw * SECOND_MS < END_MS else raw


def _from_text(raw: str) -> int:
    if not _ISO_WITH_ZONE.fullmatch(raw):
        raise Invalid("not an instant: not ISO 8601 with a zone")
    try:
        return (datetime.fromisoformat(raw) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise Invalid("not an instant: no such date or time") from None
