import json

import pytest
from starlette.datastructures import Headers

from app.client.exchange import Answer, NotUnderstood
from app.client.problems import BY_CAUSE, BY_CODE, error_of
from app.http.problems import STATUSES, from_error
from domain.errors import (
    Conflict,
    DomainError,
    ForgeFailed,
    Integrity,
    Invalid,
    Moved,
    NotAllowed,
    NotConnected,
    NotFound,
    NotSealed,
    RateLimited,
    SchemaIncomplete,
    Tampered,
    Unauthenticated,
    UnknownKey,
    Unreachable,
    VersionConflict,
)

OTHERS = (NotConnected, NotSealed, UnknownKey, Moved, Tampered, *BY_CODE.values(), *BY_CAUSE.values())
KINDS = sorted({*STATUSES, *OTHERS}, key=lambda kind: kind.__name__)


def an_error(kind):
    if kind is VersionConflict:
        return VersionConflict("agent_token:reviewer", expected=3, actual=5)
    return kind("what is wrong", advice="what to do")


def answered(error):
    problem = from_error(error, Headers({"if-match": '"3"'}))
    return Answer(problem.status_code, dict(problem.headers), problem.body)


def a_problem(status, *, headers=None, **members):
    document = {"code": "new_to_us", "detail": "what is wrong"} | members
    return Answer(status, {"content-type": "application/problem+json"} | (headers or {}), json.dumps(document).encode())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_of_the_service_comes_back_as_what_it_was(kind):
    back = error_of(answered(an_error(kind)))

    assert type(back) is kind
    assert back.advice == an_error(kind).advice
    assert kind is VersionConflict or back.message == "what is wrong"


def test_no_two_classes_share_a_code_of_their_own():
    def tree(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from tree(child)

    owners = {kind for kind in tree(DomainError) if kind.__module__.startswith("domain.") and "code" in vars(kind)}

    assert set(BY_CODE.values()) == owners
    assert len(BY_CAUSE) == len({*BY_CAUSE.values()})


def test_an_error_without_a_code_of_its_own_comes_back_as_the_class_that_has_it():
    assert type(error_of(answered(SchemaIncomplete("torn", missing="table secret")))).code == "database_unusable"


def test_a_lost_comparison_tells_both_versions():
    back = error_of(answered(an_error(VersionConflict)))

    assert (back.expected, back.actual) == (3, 5)


@pytest.mark.parametrize(("waits", "told"), [(None, None), (1, 1_000), (2_000, 2_000)])
@pytest.mark.parametrize("kind", [ForgeFailed, RateLimited])
def test_how_long_to_wait_comes_back_in_whole_seconds(kind, waits, told):
    headers = {} if waits is None else {"retry-after": str(-(-waits // 1_000))}

    assert error_of(a_problem(503, code=kind.code, headers=headers)).retry_after_ms == told


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "9" * 10, "²", ""])
def test_a_wait_that_is_no_number_of_seconds_is_none(said):
    assert error_of(a_problem(429, code="rate_limited", headers={"retry-after": said})).retry_after_ms is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Unauthenticated),
        (403, NotAllowed),
        (404, Invalid),
        (405, Invalid),
        (409, Conflict),
        (412, Conflict),
        (413, Invalid),
        (422, Invalid),
        (429, RateLimited),
        (500, DomainError),
        (501, DomainError),
        (502, Unreachable),
        (503, Unreachable),
        (504, Unreachable),
    ],
)
def test_a_code_that_is_new_to_us_goes_by_its_status(status, kind):
    assert type(error_of(a_problem(status))) is kind


def test_a_code_goes_before_a_status():
    assert type(error_of(a_problem(500, code="not_found"))) is NotFound


def test_a_cause_that_is_new_to_us_is_an_integrity_error_all_the_same():
    assert type(error_of(a_problem(500, code="integrity", cause="eaten"))) is Integrity
    assert type(error_of(a_problem(500, code="integrity"))) is Integrity


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"),
        Answer(302, {"location": "http://elsewhere/"}, b""),
        Answer(404, {"content-type": "application/json"}, b'{"code": "not_found", "detail": "x"}'),
        Answer(404, {"content-type": "application/problem+json"}, b"[]"),
        Answer(404, {"content-type": "application/problem+json"}, b"{"),
        Answer(404, {"content-type": "application/problem+json"}, b"[" * 200_000),
        a_problem(404, code=None),
        a_problem(404, detail=7),
        a_problem(404, advice=["x"]),
        a_problem(412, code="version_conflict", expected=1),
        a_problem(412, code="version_conflict", expected=1, actual=True),
    ],
    ids=range(11),
)
def test_what_is_no_problem_document_is_not_understood(answer):
    with pytest.raises(NotUnderstood):
        error_of(answer)
