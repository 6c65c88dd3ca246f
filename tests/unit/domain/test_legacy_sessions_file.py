"""`sessions.json`: every nasty file and record, and what is said of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import EARLIEST_MS, END_MS
from domain.legacy.sessions_file import parse_sessions_file, summary
from domain.legacy.text import Malformed
from domain.sessions import Session
from domain.values import parse_session_id, parse_session_key
from tests.support.silence import assert_says_nothing_of

NOON = 1_795_521_600_000
KEY = "forgejo:reviewer:acme/api:42"
GOOD_KEY = "github:builder:acme/web:7"
GOOD = Session(GOOD_KEY, "good", NOON, NOON)
GOOD_RECORD = {"id": "good", "last_used_at": NOON}


def record(**fields):
    return {"id": "hush-hidden", "last_used_at": NOON, **fields}


def without(name):
    return {field: value for field, value in record().items() if field != name}


WHOLE = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n", "empty"),
    "NUL bytes": (b"\x00" * 4_096, "NUL"),
    "UTF-16": ("{}".encode("utf-16"), "not UTF-8"),
    "Latin-1": (b'{"forgejo:\xe9": {}}', "not UTF-8: byte 11"),
    "half written": (b'{"forgejo:a:b:1": {"id": "hush-hid', "line 1, column 26"),
    "two documents": (b"{}\n{}", "line 2, column 1"),
    "a trailing comma": (b'{"forgejo:a:b:1": {"id": "hush-hidden", "last_used_at": 1795521600},}', "line 1"),
    "a list of records": (b'[{"key": "forgejo:a:b:1", "id": "hush-hidden"}]', "a list"),
    "null": (b"null", "null"),
    "a text": (b'"hush-hidden"', "a text"),
    "a number": (b"1795521600", "a number"),
    "a key twice": (b'{"forgejo:a:b:1": {"id": "hush-one"}, "forgejo:a:b:1": {"id": "hush-two"}}', "stands twice"),
    "a field twice": (b'{"forgejo:a:b:1": {"id": "hush-one", "id": "hush-two"}}', "stands twice"),
    "NaN": (b'{"forgejo:a:b:1":\n {"id": "NaN", "last_used_at": NaN}}', "line 2, column 32"),
    "Infinity in an unknown field": (b'{"forgejo:a:b:1": {"x": Infinity}}', "column 25"),
    "too many digits": (b'{"forgejo:a:b:1": {"last_used_at": ' + b"1" * 5_000 + b"}}", "digits"),
    "nested too deeply": (b'{"forgejo:a:b:1": ' * 50_000, "nested"),
}

RECORDS = {
    "a list": ([["hush-hidden", NOON]], "not an object"),
    "a text": ("hush-hidden", "not an object"),
    "a number": (47_114_711, "not an object"),
    "null": (None, "not an object"),
    "no fields": ({}, "session id"),
    "no id": (without("id"), "session id"),
    "id null": (record(id=None), "session id"),
    "id empty": (record(id=""), "session id"),
    "id blank": (record(id=" \t"), "session id"),
    "id a number": (record(id=47_114_711), "session id"),
    "id true": (record(id=True), "session id"),
    "id a list": (record(id=["hush-hidden"]), "session id"),
    "id with a line end": (record(id="hush\nhidden"), "session id"),
    "id with NUL": (record(id="hush\x00hidden"), "session id"),
    "id with an escape": (record(id="\x1b[31mhush"), "session id"),
    "id with half a surrogate": (record(id="hush\ud800hidden"), "session id"),
    "id too long": (record(id="hush-" * 300), "session id"),
    "no last_used_at": (without("last_used_at"), "last_used_at is missing"),
    "last_used_at null": (record(last_used_at=None), "last_used_at is missing"),
    "last_used_at zero": (record(last_used_at=0), "last_used_at"),
    "last_used_at negative": (record(last_used_at=-NOON), "last_used_at"),
    "last_used_at a float": (record(last_used_at=NOON / 1_000 + 0.5), "last_used_at"),
    "last_used_at true": (record(last_used_at=True), "last_used_at"),
    "last_used_at digits in a text": (record(last_used_at=str(NOON)), "last_used_at"),
    "last_used_at empty": (record(last_used_at=""), "last_used_at"),
    "last_used_at never": (record(last_used_at="hush-never"), "last_used_at"),
    "last_used_at without a zone": (record(last_used_at="2026-11-24T12:00:00"), "last_used_at"),
    "last_used_at a date": (record(last_used_at="2026-11-24"), "last_used_at"),
    "last_used_at in microseconds": (record(last_used_at=NOON * 1_000), "last_used_at"),
    "last_used_at two to the 63rd": (record(last_used_at=2**63), "last_used_at"),
    "last_used_at in 9999": (record(last_used_at="9999-12-31T23:59:59Z"), "last_used_at"),
    "last_used_at in 1999": (record(last_used_at=EARLIEST_MS - 1), "last_used_at"),
    "last_used_at in 2100": (record(last_used_at=END_MS), "last_used_at"),
    "last_used_at a list": (record(last_used_at=[NOON]), "last_used_at"),
    "last_used_at in two spellings": (record(lastUsedAt=NOON + 1), "last_used_at and lastUsedAt"),
    "lastUsedAt malformed beside a good one": (record(lastUsedAt="hush-never"), "lastUsedAt"),
    "created_at zero": (record(created_at=0), "created_at"),
    "created_at never": (record(created_at="hush-never"), "created_at"),
    "created_at false": (record(created_at=False), "created_at"),
    "createdAt a float": (record(createdAt=1.5), "createdAt"),
    "created_at in two spellings": (record(created_at=NOON, createdAt=NOON - 1), "created_at and createdAt"),
}

KEYS = [
    "", ":::", "forgejo", "forgejo:reviewer", "forgejo:reviewer:acme/api", "forgejo:reviewer:acme/api:",
    "forgejo:reviewer::42", "forgejo::acme/api:42", ":reviewer:acme/api:42", "bitbucket:reviewer:acme/api:42",
    "FORGEJO:reviewer:acme/api:42", "forgejo:.hidden:acme/api:42", "forgejo:re viewer:acme/api:42",
    "forgejo:reviewer:acme/api:4 2", "forgejo:reviewer:acme/api:42\n", "forgejo:reviewer:ac\x00me:42",
    "forgejo:reviewer:ac\x1b[31mme:42", "forgejo:reviewer:ac\ud800me:42", "__proto__", "forgejo:reviewer:a:" + "4" * 65,
    "forgejo:" + "r" * 65 + ":a:42", "forgejo:reviewer:" + "a" * 2_000 + ":42",
]  # fmt: skip

ACCEPTED = {
    "the least": ({"id": "one", "last_used_at": NOON}, ("one", NOON, NOON)),
    "camel case": ({"id": "one", "lastUsedAt": NOON, "createdAt": NOON - 1}, ("one", NOON, NOON - 1)),
    "both spellings of one instant": (
        {"id": "one", "last_used_at": NOON // 1_000, "lastUsedAt": "2026-11-24T12:00:00Z"},
        ("one", NOON, NOON),
    ),
    "seconds": ({"id": "one", "last_used_at": NOON // 1_000}, ("one", NOON, NOON)),
    "ISO": ({"id": "one", "last_used_at": "2026-11-24T13:00:00.5+01:00"}, ("one", NOON + 500, NOON + 500)),
    "created later than used": ({"id": "one", "last_used_at": NOON, "created_at": NOON + 1}, ("one", NOON, NOON + 1)),
    "nulls": ({"id": "one", "last_used_at": NOON, "lastUsedAt": None, "created_at": None}, ("one", NOON, NOON)),
    "unknown fields": ({"id": "one", "last_used_at": NOON, "cwd": ["x", {"y": 1.5}]}, ("one", NOON, NOON)),
    "the first instant": ({"id": "one", "last_used_at": EARLIEST_MS}, ("one", EARLIEST_MS, EARLIEST_MS)),
    "the last instant": ({"id": "one", "last_used_at": END_MS - 1}, ("one", END_MS - 1, END_MS - 1)),
    "beyond ASCII": ({"id": "ид 🔑", "last_used_at": NOON}, ("ид 🔑", NOON, NOON)),
}


@pytest.mark.parametrize(("content", "said"), WHOLE.values(), ids=WHOLE)
def test_a_malformed_sessions_file_is_rejected_without_a_word_of_it(content, said):
    with pytest.raises(Malformed) as caught:
        parse_sessions_file(content)

    assert said in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(("bad", "said"), RECORDS.values(), ids=RECORDS)
def test_a_bad_record_is_named_and_the_good_one_kept(bad, said):
    content = json.dumps({KEY: bad, GOOD_KEY: GOOD_RECORD}).encode()

    parsed = parse_sessions_file(content)

    assert parsed.sessions == [GOOD]
    (reason,) = parsed.bad
    assert KEY in reason
    assert said in reason
    assert_says_nothing_of(json.dumps(bad).encode(), Malformed(reason.replace(KEY, "")))


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_a_malformed_key_is_shown_so_that_no_terminal_minds(key):
    parsed = parse_sessions_file(json.dumps({key: record(), GOOD_KEY: GOOD_RECORD}).encode())

    assert parsed.sessions == [GOOD]
    (reason,) = parsed.bad
    assert "not a session key" in reason
    assert reason.isprintable()
    assert len(reason) < 400
    assert "hush" not in reason
    reason.encode()


@pytest.mark.parametrize("bad", [bad for bad, _ in RECORDS.values()], ids=RECORDS)
def test_if_every_record_is_bad_so_is_the_file(bad):
    with pytest.raises(Malformed) as caught:
        parse_sessions_file(json.dumps({KEY: bad}).encode())

    assert "every record is bad" in caught.value.message
    assert KEY in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(("fields", "expected"), ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_record_is_read(mark, fields, expected):
    parsed = parse_sessions_file(mark + json.dumps({KEY: fields}).encode())

    assert parsed.sessions == [Session(KEY, *expected)]
    assert parsed.bad == []


@pytest.mark.parametrize("content", [b"{}", b" {\r\n}\r\n", b"\xef\xbb\xbf{}"])
def test_a_file_without_records_is_no_fault(content):
    parsed = parse_sessions_file(content)

    assert (parsed.sessions, parsed.bad) == ([], [])


def test_sessions_come_sorted_by_code_point_and_bad_ones_sorted_too():
    keys = ["forgejo:a:\U0001f511:1", "forgejo:a:\uffee:1", "forgejo:a:B:1", "forgejo:a:b:1"]
    content = json.dumps(dict.fromkeys(keys, record()) | {"z": 1, "a": 1}).encode()

    parsed = parse_sessions_file(content)

    assert [session.key for session in parsed.sessions] == sorted(keys)
    assert parsed.bad == sorted(parsed.bad)


def test_two_keys_with_one_id_are_two_sessions():
    content = json.dumps({KEY: record(), GOOD_KEY: record()}).encode()

    assert [session.session_id for session in parse_sessions_file(content).sessions] == ["hush-hidden"] * 2


def test_no_record_is_lost_between_good_and_bad():
    records = {f"forgejo:a:b:{n}": record() if n % 3 else {"id": "hush"} for n in range(1_000)}

    parsed = parse_sessions_file(json.dumps(records).encode())

    assert len(parsed.sessions) + len(parsed.bad) == 1_000
    assert len(parsed.bad) == 334


def test_a_summary_names_a_few_and_counts_the_rest():
    assert summary(["a"]) == "a"
    assert summary(list("abcde")) == "a; b; c; d; e"
    assert summary(list("abcdefg")) == "a; b; c; d; e; and 2 more"


@given(st.binary())
def test_any_bytes_are_read_or_malformed(content):
    try:
        parsed = parse_sessions_file(content)
    except Malformed:
        return

    assert parsed.sessions == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.dictionaries(st.sampled_from(["id", "last_used_at", "lastUsedAt", "created_at", "x"]), json_values)


@given(st.dictionaries(st.sampled_from([KEY, GOOD_KEY, "bad"]) | st.text(), fields | json_values, max_size=4))
def test_every_record_of_any_json_is_either_good_or_named(value):
    try:
        parsed = parse_sessions_file(json.dumps(value).encode())
    except Malformed:
        return

    assert len(parsed.sessions) + len(parsed.bad) == len(value)
    for session in parsed.sessions:
        assert parse_session_key(session.key) == session.key
        assert parse_session_id(session.session_id) == session.session_id
        assert EARLIEST_MS <= session.last_used_at < END_MS


keys = st.builds(
    "{}:{}:{}:{}".format,
    st.sampled_from(["forgejo", "github", "gitlab"]),
    st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30),
    st.from_regex(r"\A[A-Za-z0-9#!._-]{1,64}\Z"),
)
ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60).filter(str.strip)
instants = st.integers(EARLIEST_MS, END_MS - 1)


@given(st.dictionaries(keys, st.tuples(ids, instants, instants), max_size=5), st.booleans())
def test_a_valid_document_comes_back(records, ensure_ascii):
    document = {
        key: {"id": session_id, "last_used_at": used, "created_at": created}
        for key, (session_id, used, created) in records.items()
    }

    parsed = parse_sessions_file(json.dumps(document, ensure_ascii=ensure_ascii).encode())

    assert parsed.bad == []
    assert parsed.sessions == sorted((Session(key, *rest) for key, rest in records.items()), key=lambda one: one.key)
