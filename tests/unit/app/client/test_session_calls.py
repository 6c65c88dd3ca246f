"""The calls of the session store without a wire: what they ask, and what they make of answers."""

import json

import pytest

from app.client import session_calls
from app.client.exchange import Answer, NotUnderstood
from domain.errors import Invalid, NotFound
from domain.instants import EARLIEST_MS, END_MS
from tests.contracts.session_samples import KEY, MALFORMED_KEYS, key_at, session
from tests.support.said import cut
from tests.unit.app.client.talking import a_page, hold, ok, refused


@pytest.mark.parametrize(
    ("key", "target"),
    [
        (KEY, "/sessions/forgejo:reviewer:acme%2Fapi:42"),
        ("forgejo:reviewer:../../secrets:1", "/sessions/forgejo:reviewer:..%2F..%2Fsecrets:1"),
        ("forgejo:reviewer:a%2Fb?x#y:1", "/sessions/forgejo:reviewer:a%252Fb%3Fx%23y:1"),
        ("forgejo:reviewer:a b&c=d+e;f:1", "/sessions/forgejo:reviewer:a%20b%26c%3Dd%2Be%3Bf:1"),
        ("forgejo:reviewer:é🔑\\:1", "/sessions/forgejo:reviewer:%C3%A9%F0%9F%94%91%5C:1"),
    ],
)
def test_a_key_is_one_step_of_a_path_whatever_it_holds(key, target):
    (asked,), _ = hold(session_calls.find(key), session(key)._asdict())

    assert (asked.method, asked.target) == ("GET", target)


@pytest.mark.parametrize("key", MALFORMED_KEYS, ids=cut)
def test_nothing_is_asked_about_a_malformed_key(key):
    assert hold(session_calls.find(key)) == ([], None)
    assert hold(session_calls.remove(key)) == ([], False)
    with pytest.raises(Invalid):
        hold(session_calls.put(key, "first", None))


@pytest.mark.parametrize(("used_at", "body"), [(None, {}), (EARLIEST_MS, {"used_at": EARLIEST_MS})])
def test_an_id_is_sent_with_when_it_was_used_if_that_was_said(used_at, body):
    (asked,), _ = hold(session_calls.put(KEY, "first", used_at), session()._asdict())

    assert asked.method == "PUT"
    assert json.loads(asked.body) == {"session_id": "first"} | body


def test_pages_are_followed_to_the_end():
    first, second = [session(key_at(n)) for n in range(2)], [session(key_at(n)) for n in range(2, 4)]

    asked, found = hold(
        session_calls.pages("forgejo:", None, None), a_page(*first, following=first[-1].key), a_page(*second)
    )

    assert found == first + second
    assert [each.target for each in asked] == [
        "/sessions?prefix=forgejo%3A&limit=1000",
        "/sessions?prefix=forgejo%3A&after=forgejo%3Areviewer%3Aacme%2Fapi%3A0001&limit=1000",
    ]


def test_no_more_is_asked_for_than_is_wanted():
    first = [session(key_at(n)) for n in range(1_000)]

    asked, found = hold(
        session_calls.pages("", None, 1_002),
        a_page(*first, following=first[-1].key),
        a_page(session(key_at(1_000)), session(key_at(1_001)), following=key_at(1_001)),
    )

    assert len(found) == 1_002
    assert [each.target.rpartition("=")[2] for each in asked] == ["1000", "2"]


@pytest.mark.parametrize("following", [key_at(0), key_at(1), ""])
def test_pages_that_lead_back_are_refused(following):
    with pytest.raises(NotUnderstood):
        hold(session_calls.pages("", key_at(1), None), a_page(following=following))


@pytest.mark.parametrize(
    ("after", "sent"),
    [("a\x00b", "a"), ("a" * 1_025, "a" * 1_024), ("a\x7fb", "a%7Fb"), ("", "")],
    ids=["with NUL", "longer than any key", "with another control", "empty"],
)
def test_what_cannot_be_a_key_is_begun_behind_all_the_same(after, sent):
    (asked,), _ = hold(session_calls.pages("", after, 1), a_page())

    assert asked.target == f"/sessions?prefix=&after={sent}&limit=1"


@pytest.mark.parametrize(("before", "sent"), [(0, EARLIEST_MS), (-(2**70), EARLIEST_MS), (2**70, END_MS)])
def test_an_instant_beyond_our_time_is_sent_as_the_end_of_it(before, sent):
    (asked,), _ = hold(session_calls.prune(before, dry_run=True), {"pruned": 0, "dry_run": True})

    assert json.loads(asked.body) == {"before": sent, "dry_run": True}


def test_a_merge_that_is_too_large_to_be_all_or_none_is_invalid_and_not_sent():
    large = [session(key_at(n), "i" * 1_000) for n in range(1_000)]

    with pytest.raises(Invalid, match="takes 1048576 at once") as said:
        hold(session_calls.merge(large))

    assert "several calls" in said.value.advice
    asked, written = hold(session_calls.merge(large[:900]), {"written": 900})
    assert (len(asked), written) == (1, 900)


def test_only_the_service_itself_says_that_something_is_not_there():
    absent = refused(404, code="not_found")

    assert hold(session_calls.find(KEY), absent)[1] is None
    assert hold(session_calls.remove(KEY), absent)[1] is False
    for other in (Answer(404, {"content-type": "text/html"}, b"not found"), Answer(404, {}, b"")):
        with pytest.raises(NotUnderstood):
            hold(session_calls.find(KEY), other)
    with pytest.raises(Invalid):
        hold(session_calls.find(KEY), refused(404, code="no_such_path"))
    with pytest.raises(NotFound):
        hold(session_calls.put(KEY, "first", None), absent)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b""),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b"\xff"),
        Answer(206, {}, b"{}"),
        ok({}),
        ok({"count": "1"}),
        ok({"count": True}),
        ok({"count": 1.5}),
    ],
    ids=range(9),
)
def test_an_answer_of_another_shape_is_not_understood(answer):
    with pytest.raises(NotUnderstood):
        hold(session_calls.count(), answer)


@pytest.mark.parametrize("listed", [None, {}, [1], [[]], [{}], [{"key": KEY}]], ids=str)
def test_a_list_of_another_shape_is_not_understood(listed):
    with pytest.raises(NotUnderstood):
        hold(session_calls.pages("", None, None), ok({"sessions": listed, "next": None}))
