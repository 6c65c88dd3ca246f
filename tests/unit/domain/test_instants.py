"""Instants: seconds, milliseconds and ISO 8601, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.instants import EARLIEST_MS, END_MS, format_instant, in_range, parse_instant

NOON = 1_795_521_600_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ACCEPTED = {
    "milliseconds": (NOON, NOON),
    "seconds": (NOON // 1_000, NOON),
    "the first millisecond": (EARLIEST_MS, EARLIEST_MS),
    "the first second": (EARLIEST_MS // 1_000, EARLIEST_MS),
    "the last millisecond": (END_MS - 1, END_MS - 1),
    "the last second": (END_MS // 1_000 - 1, END_MS - 1_000),
    "two to the 31st, in seconds": (2**31, 2**31 * 1_000),
    "ISO": ("2026-11-24T12:00:00Z", NOON),
    "ISO with a space": ("2026-11-24 12:00:00Z", NOON),
    "ISO without seconds": ("2026-11-24T12:00Z", NOON),
    "ISO, basic": ("20261124T120000Z", NOON),
    "ISO with milliseconds": ("2026-11-24T12:00:00.123Z", NOON + 123),
    "ISO with a comma": ("2026-11-24T12:00:00,123Z", NOON + 123),
    "ISO with one digit": ("2026-11-24T12:00:00.1Z", NOON + 100),
    "microseconds are cut": ("2026-11-24T12:00:00.123999Z", NOON + 123),
    "nanoseconds are cut": ("2026-11-24T12:00:00.123999999Z", NOON + 123),
    "ISO, zero offset": ("2026-11-24T12:00:00+00:00", NOON),
    "ISO, negative zero offset": ("2026-11-24T12:00:00-00:00", NOON),
    "ISO, east": ("2026-11-24T17:30:00+05:30", NOON),
    "ISO, west": ("2026-11-24T07:00:00-0500", NOON),
    "ISO, offset in hours": ("2026-11-24T13:00:00+01", NOON),
    "ISO, a leap day": ("2028-02-29T00:00:00Z", 1_835_395_200_000),
    "ISO, the first instant": ("2000-01-01T00:00:00Z", EARLIEST_MS),
    "ISO, the last instant": ("2099-12-31T23:59:59.999Z", END_MS - 1),
    "ISO, 2100 there and 2099 in UTC": ("2100-01-01T00:30:00+01:00", END_MS - 1_800_000),
}

REFUSED = {
    "zero": 0,
    "one": 1,
    "negative": -1,
    "negative seconds": -NOON // 1_000,
    "a second before the first": EARLIEST_MS // 1_000 - 1,
    "a millisecond before the first": EARLIEST_MS - 1,
    "the end in seconds": END_MS // 1_000,
    "the end in milliseconds": END_MS,
    "between the ranges": 10**11,
    "microseconds": NOON * 1_000,
    "nanoseconds": NOON * 1_000_000,
    "two to the 63rd": 2**63,
    "enormous": 10**4_000,
    "true": True,
    "false": False,
    "a float": float(NOON),
    "a float of seconds": NOON / 1_000,
    "infinity": float("inf"),
    "not a number": float("nan"),
    "null": None,
    "a list": [NOON],
    "an object": {"seconds": NOON},
    "bytes": b"2026-11-24T12:00:00Z",
    "digits in a text": str(NOON),
    "an empty text": "",
    "a blank text": " ",
    "never": "never",
    "a date": "2026-11-24",
    "a time": "12:00:00Z",
    "without a zone": "2026-11-24T12:00:00",
    "with a named zone": "2026-11-24T12:00:00 UTC",
    "with a small z": "2026-11-24T12:00:00z",
    "with a small t": "2026-11-24t12:00:00Z",
    "month 13": "2026-13-01T00:00:00Z",
    "day 32": "2026-01-32T00:00:00Z",
    "29 February of a common year": "2026-02-29T00:00:00Z",
    "hour 25": "2026-11-24T25:00:00Z",
    "a leap second": "2026-12-31T23:59:60Z",
    "offset of a day": "2026-11-24T12:00:00+24:00",
    "year zero": "0000-01-01T00:00:00Z",
    "year one": "0001-01-01T00:00:00+23:59",
    "year 1999": "1999-12-31T23:59:59.999Z",
    "year 2100": "2100-01-01T00:00:00Z",
    "year 9999": "9999-12-31T23:59:59-23:59",
    "year 10000": "10000-01-01T00:00:00Z",
    "a week date": "2026-W48-2T12:00:00Z",
    "an ordinal date": "2026-328T12:00:00Z",
    "Arabic digits": "٢٠٢٦-11-24T12:00:00Z",
    "a space in front": " 2026-11-24T12:00:00Z",
    "a line end": "2026-11-24T12:00:00Z\n",
    "a lone surrogate": "\ud800",
    "RFC 2822": "Tue, 24 Nov 2026 12:00:00 +0000",
}


@pytest.mark.parametrize(("raw", "instant"), ACCEPTED.values(), ids=ACCEPTED)
def test_an_instant_is_read_as_milliseconds(raw, instant):
    assert parse_instant(raw) == instant


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_and_not_guessed(raw):
    with pytest.raises(Invalid) as caught:
        parse_instant(raw)

    assert caught.value.message.startswith("not an instant")


@given(st.integers(EARLIEST_MS, END_MS - 1), st.integers(-1_439, 1_439))
def test_milliseconds_and_iso_in_any_zone_agree(instant, offset):
    local = (EPOCH + timedelta(milliseconds=instant)).astimezone(timezone(timedelta(minutes=offset)))

    assert parse_instant(instant) == instant
    assert parse_instant(local.isoformat(timespec="milliseconds")) == instant


@given(st.integers(EARLIEST_MS // 1_000, END_MS // 1_000 - 1))
def test_seconds_and_milliseconds_agree(seconds):
    assert parse_instant(seconds) == parse_instant(seconds * 1_000) == seconds * 1_000


@given(st.one_of(st.integers(), st.text(), st.floats(), st.booleans(), st.none(), st.binary()))
def test_whatever_is_read_lies_in_range_or_is_refused(raw):
    try:
        instant = parse_instant(raw)
    except Invalid:
        return

    assert EARLIEST_MS <= instant < END_MS
    assert parse_instant(instant) == instant


@given(
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})\Z")
)
def test_what_looks_like_iso_is_read_or_refused(raw):
    with suppress(Invalid):
        assert EARLIEST_MS <= parse_instant(raw) < END_MS


@pytest.mark.parametrize("instant", [EARLIEST_MS, NOON, END_MS - 1])
def test_an_instant_in_range_is_returned(instant):
    assert in_range(instant) == instant


@pytest.mark.parametrize("instant", [EARLIEST_MS - 1, END_MS, 0, -1, 2**64])
def test_an_instant_out_of_range_is_refused(instant):
    with pytest.raises(Invalid):
        in_range(instant)


def test_an_instant_is_shown_to_people_in_utc():
    assert format_instant(NOON + 999) == "2026-11-24 12:00:00 UTC"
    assert format_instant(EARLIEST_MS) == "2000-01-01 00:00:00 UTC"
