"""Queries: digits and flags as they are written, every name once, and nothing of the input in a complaint."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from app.http.problems import InvalidQuery
from app.http.queries import (
    HIGHEST_LIMIT,
    HIGHEST_SEQUENCE,
    LONGEST_TEXT,
    AgentQuery,
    AuditQuery,
    Query,
    SecretQuery,
    SessionQuery,
    VersionQuery,
    read_query,
)

QUERIES = [AgentQuery, AuditQuery, SecretQuery, SessionQuery, VersionQuery]
NUMBERS = [
    (SessionQuery, "limit", 1, HIGHEST_LIMIT),
    (SecretQuery, "limit", 1, HIGHEST_LIMIT),
    (AgentQuery, "limit", 1, HIGHEST_LIMIT),
    (AuditQuery, "limit", 1, HIGHEST_LIMIT),
    (AuditQuery, "before", 1, HIGHEST_SEQUENCE),
    (VersionQuery, "version", 0, HIGHEST_SEQUENCE),
]
NEARLY_NUMBERS = [
    "", " ", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e2", "0x1", "1_0", "\u0661", "²", "1\n", "\x001", "nan", "true",
    "None", "9" * 20, "9" * 5_000, "0" * 20, "1,2", "[1]", "½", "一",
]  # fmt: skip
NEARLY_FLAGS = ["", "2", "-1", "00", "01", "true", "True", "on", "yes", "1.0", " 1", "\u0661", "0\n", "null"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def asked(*pairs):
    """A request whose query holds these names and values, percent-encoded as any client may."""
    octets = "&".join("=".join("".join(f"%{byte:02x}" for byte in part.encode()) for part in pair) for pair in pairs)
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": octets.encode()})


def refusal(request, model):
    """The complaint about a query, or None if it was read."""
    try:
        read_query(request, model)
    except InvalidQuery as error:
        return error
    return None


def complaints(model, *pairs):
    error = refusal(asked(*pairs), model)
    assert error is not None
    return error


@pytest.mark.parametrize("model", QUERIES)
def test_every_kind_of_query_is_tried_here_and_may_be_empty(model):
    assert set(Query.__subclasses__()) == set(QUERIES)
    assert read_query(asked(), model) == model()


@pytest.mark.parametrize(("model", "name", "low", "high"), NUMBERS)
@given(number=st.one_of(st.integers(-(10**20), 10**20), st.integers(-2, 1_002)))
@example(number=HIGHEST_LIMIT)
@example(number=HIGHEST_LIMIT + 1)
@example(number=HIGHEST_SEQUENCE)
@example(number=HIGHEST_SEQUENCE + 1)
def test_a_number_is_read_where_it_is_in_range_and_nowhere_else(model, name, low, high, number):
    if low <= number <= high:
        assert getattr(read_query(asked((name, str(number))), model), name) == number
    else:
        assert [fault[0] for fault in complaints(model, (name, str(number))).faults] == [name]


@pytest.mark.parametrize(("model", "name", "low", "high"), NUMBERS)
def test_what_only_looks_like_a_number_is_none(model, name, low, high):
    for text in NEARLY_NUMBERS:
        assert complaints(model, (name, text)).faults == [(name, "Input should be a whole number")], text[:9]


def test_zeros_before_a_number_change_nothing():
    assert read_query(asked(("limit", "007")), SessionQuery).limit == 7


@pytest.mark.parametrize(("text", "flag"), [("0", False), ("1", True)])
def test_a_flag_is_0_or_1(text, flag):
    assert read_query(asked(("check", text)), SecretQuery).check is flag


def test_anything_else_is_no_flag():
    for text in NEARLY_FLAGS:
        assert complaints(SecretQuery, ("check", text)).faults == [("check", "Input should be 0 or 1")], text


@pytest.mark.parametrize(("length", "is_read"), [(0, True), (LONGEST_TEXT, True), (LONGEST_TEXT + 1, False)])
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (SessionQuery, "prefix"),
        (SessionQuery, "after"),
        (SecretQuery, "after"),
        (AgentQuery, "after"),
        *((AuditQuery, name) for name in ("action", "actor", "subject", "since")),
    ],
)
def test_a_text_is_read_as_it_is_up_to_a_length(model, name, length, is_read):
    text = "ü" * length
    if is_read:
        assert getattr(read_query(asked((name, text)), model), name) == text
    else:
        assert "ü" not in str(complaints(model, (name, text)).faults)


@given(text=TEXTS)
def test_any_text_is_read_back_unchanged(text):
    assert read_query(asked(("prefix", text)), SessionQuery).prefix == text


@pytest.mark.parametrize("model", QUERIES)
def test_each_name_stands_there_once(model):
    for name in model.model_fields:
        error = complaints(model, (name, "1"), (name, "1"))

        assert error.faults == [(name, "stands there more than once")]


@pytest.mark.parametrize("model", QUERIES)
@given(name=TEXTS, value=TEXTS)
def test_names_that_we_do_not_know_are_passed_over_however_often_they_stand_there(model, name, value):
    if name not in model.model_fields:
        assert read_query(asked((name, value), (name, value)), model) == model()


@pytest.mark.parametrize("model", QUERIES)
@given(data=st.data())
def test_whatever_is_asked_there_is_a_query_or_a_complaint_that_repeats_nothing_of_it(model, data):
    values = st.one_of(TEXTS, st.sampled_from([*NEARLY_NUMBERS, *NEARLY_FLAGS]), st.integers().map(str))
    names = st.one_of(st.sampled_from([*model.model_fields]), TEXTS)
    marked = [(name, f"{value}§") for name, value in data.draw(st.lists(st.tuples(names, values), max_size=6))]

    error = refusal(asked(*marked), model)

    if error is not None:
        assert {name for name, _ in error.faults} <= set(model.model_fields)
        assert "§" not in f"{error.message} {error.advice} {error.faults!r}"
        assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize("model", QUERIES)
@given(octets=st.binary(max_size=60))
def test_octets_that_are_no_query_at_all_raise_nothing_else(model, octets):
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": octets})

    error = refusal(request, model)

    assert error is None or error.faults


def test_every_fault_is_named_at_once():
    error = complaints(AuditQuery, ("limit", "x"), ("before", "y"), ("actor", "ok"))

    assert {name for name, _ in error.faults} == {"limit", "before"}
    assert error.message.startswith(tuple(f"{name}: " for name, _ in error.faults))
