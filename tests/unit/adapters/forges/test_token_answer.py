"""What the forges' answers to a code or a refresh token mean: without a network, forge by forge."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.forges import ForgejoAuthorizationServer, GithubAuthorizationServer, GitlabAuthorizationServer
from adapters.forges.token_answer import read_answer
from adapters.forges.wire import Answer
from domain.errors import ForgeFailed, Misconfigured
from domain.instants import DAY_MS, MINUTE_MS, SECOND_MS
from domain.oauth import TokenAnswer
from domain.ports import GrantRefused
from domain.values import SecretValue

DIALECTS = {
    "gitlab": GitlabAuthorizationServer.dialect,
    "github": GithubAuthorizationServer.dialect,
    "forgejo": ForgejoAuthorizationServer.dialect,
}
FORM = "application/x-www-form-urlencoded; charset=utf-8"
GOOD = {
    "access_token": "access-SENTINEL",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "refresh-SENTINEL",
}


def answered(document, *, status=200, forge="gitlab", refreshing=True, **headers):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(DIALECTS[forge], Answer(status, named, content), refreshing=refreshing)


def failed(document, kind=ForgeFailed, **how):
    with pytest.raises(kind) as caught:
        answered(document, **how)
    said = f"{caught.value} {caught.value!r} {caught.value.advice}"
    assert type(caught.value) is kind
    assert "SENTINEL" not in said
    return caught.value


def changed(**fields):
    return {**GOOD, **fields}


def lacking(name):
    return {field: value for field, value in GOOD.items() if field != name}


SAID = [
    # forge, refreshing, status, error, what it means
    ("gitlab", True, 400, "invalid_grant", GrantRefused),
    ("gitlab", False, 400, "invalid_grant", GrantRefused),
    ("gitlab", True, 401, "invalid_client", Misconfigured),
    ("gitlab", True, 401, "unauthorized_client", Misconfigured),
    ("gitlab", True, 400, "unauthorized_client", Misconfigured),
    ("gitlab", False, 400, "invalid_scope", Misconfigured),
    ("gitlab", True, 400, "invalid_request", ForgeFailed),
    ("gitlab", True, 400, "bad_refresh_token", ForgeFailed),
    ("gitlab", True, 503, "temporarily_unavailable", ForgeFailed),
    ("gitlab", True, 503, "invalid_grant", ForgeFailed),
    ("gitlab", True, 429, "invalid_client", ForgeFailed),
    ("forgejo", True, 400, "unauthorized_client", GrantRefused),
    ("forgejo", False, 400, "unauthorized_client", GrantRefused),
    ("forgejo", True, 400, "invalid_grant", GrantRefused),
    ("forgejo", True, 400, "invalid_client", Misconfigured),
    ("forgejo", False, 400, "invalid_client", Misconfigured),
    ("forgejo", True, 400, "unsupported_grant_type", ForgeFailed),
    ("forgejo", True, 500, "server_error", ForgeFailed),
    ("github", True, 200, "bad_refresh_token", GrantRefused),
    ("github", False, 200, "bad_verification_code", GrantRefused),
    ("github", True, 200, "incorrect_client_credentials", Misconfigured),
    ("github", False, 200, "redirect_uri_mismatch", Misconfigured),
    ("github", False, 200, "unverified_user_email", ForgeFailed),
    ("github", True, 200, "bad_verification_code", ForgeFailed),
    ("github", True, 401, "", Misconfigured),
]


@pytest.mark.parametrize(("forge", "refreshing", "status", "error", "kind"), SAID)
def test_each_forge_says_in_its_own_way_what_is_wrong(forge, refreshing, status, error, kind):
    said = {"error": error, "error_description": "SENTINEL"}

    error = failed(said, kind, forge=forge, refreshing=refreshing, status=status)

    assert forge in error.message


@pytest.mark.parametrize("forge", DIALECTS)
@pytest.mark.parametrize("body", [b"", b"SENTINEL", b"[]", b"null", b"<html>SENTINEL</html>"])
def test_a_401_in_whatever_form_means_our_client(forge, body):
    failed(body, Misconfigured, forge=forge, status=401)


def test_forgejo_does_not_tell_a_bad_code_from_a_bad_secret_so_the_advice_names_both():
    advice = failed(
        {"error": "unauthorized_client"}, GrantRefused, forge="forgejo", refreshing=False, status=400
    ).advice

    assert "begin again" in advice
    assert "secret" in advice


NOT_DONE = (301, 302, 307, 400, 403, 404, 408, 418, 429)
MAYBE_DONE = (202, 204, 500, 502, 503, 504, 599)


@pytest.mark.parametrize("status", [200, 201])
def test_a_token_may_come_as_a_thing_that_was_created(status):
    assert answered(changed(), status=status).access_token


@pytest.mark.parametrize("status", [*NOT_DONE, *MAYBE_DONE])
@pytest.mark.parametrize("body", [b"", b"<html>SENTINEL</html>", b'{"access_token": "access-SENTINEL"}'])
def test_another_status_tells_whether_the_forge_may_have_acted(status, body):
    error = failed(body, status=status)

    assert error.may_have_acted is (status in MAYBE_DONE)
    assert str(status) in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>SENTINEL</html>",
        b'{"access_token": "access-SENTINEL',
        b"null",
        b"[]",
        b'"SENTINEL"',
        b"\xff\xfe\xfd",
        b"[" * 60_000,
        b'{"expires_in": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize("forge", DIALECTS)
def test_a_200_that_cannot_be_read_may_have_spent_the_refresh_token(forge, body):
    assert failed(body, forge=forge).may_have_acted is True


@pytest.mark.parametrize(
    "document",
    [
        {},
        lacking("access_token"),
        changed(access_token=""),
        changed(access_token=None),
        changed(access_token=7),
        changed(access_token=["SENTINEL"]),
        changed(access_token="SENTINEL two"),
        changed(access_token="SENTINEL\r\nX: y"),
        changed(access_token="SENTINEL\x00"),
        changed(access_token="SENTINEL-ü"),
        changed(access_token="SENTINEL\ud800"),
        changed(access_token="x" * 16_385),
        changed(refresh_token=7),
        changed(refresh_token="SENTINEL two"),
        changed(refresh_token="x" * 16_385),
        changed(token_type=7),
        changed(token_type="mac"),
        changed(token_type=""),
    ],
)
def test_an_answer_that_breaks_the_rules_is_not_taken(document):
    assert failed(document).may_have_acted is True


@pytest.mark.parametrize(
    "value", [True, 0, -1, 1.5, "soon", "", "-7200", "٧٢٠٠", [7200], float("nan"), float("inf")], ids=repr
)
def test_a_life_that_cannot_be_is_a_short_one_and_costs_no_token(value):
    assert answered(changed(expires_in=value)).lifetime_ms == 5 * MINUTE_MS


@pytest.mark.parametrize("value", [7, {"api": True}, ["api", 7], "api \x1b[2J", "", []], ids=repr)
def test_scopes_that_cannot_be_read_are_not_known_and_cost_no_token(value):
    assert answered(changed(scope=value)).scopes is None


@pytest.mark.parametrize("value", ["bearer", "Bearer", "BEARER", None])
def test_a_bearer_token_is_one_in_any_case(value):
    assert answered(changed(token_type=value)).token_type == value


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (1, 1),
        (7200, 7200),
        ("3600", 3600),
        (60.0, 60),
        (10**12, 3_650 * 86_400),
        (1e300, 3_650 * 86_400),
    ],
)
def test_a_life_is_whole_seconds_and_ten_years_at_most(value, seconds):
    assert answered(changed(expires_in=value)).lifetime_ms == (None if seconds is None else seconds * SECOND_MS)


@pytest.mark.parametrize(
    ("value", "life"),
    [(15_811_200, 15_811_200_000), ("60", 60_000), (10**12, 3_650 * DAY_MS)]
    + [(bad, None) for bad in (None, 0, -1, True, "soon", 1.5, [], {})],
)
def test_how_long_a_refresh_token_lives_is_known_or_not_and_harms_nothing(value, life):
    assert answered(changed(refresh_token_expires_in=value), forge="github").refresh_lifetime_ms == life


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ([], None),
        ("api", ("api",)),
        ("api read_user", ("api", "read_user")),
        ("repo,gist", ("repo", "gist")),
        ("repo, read:org", ("repo", "read:org")),
        (["api", "read_user"], ("api", "read_user")),
    ],
)
def test_scopes_are_separated_by_commas_or_blanks(scope, scopes):
    assert answered(changed(scope=scope), forge="github").scopes == scopes


@pytest.mark.parametrize("value", [None, ""])
def test_no_refresh_token_is_none(value):
    assert answered(changed(refresh_token=value)).refresh_token is None
    assert answered(lacking("refresh_token")).refresh_token is None


def test_what_the_forges_clock_says_changes_nothing():
    assert answered(changed(created_at=1)) == answered(changed(created_at="yesterday")) == answered(GOOD)


def test_a_long_token_is_kept_whole():
    assert answered(changed(access_token="x" * 16_384)).access_token == SecretValue("x" * 16_384)


def test_github_may_answer_with_a_form():
    said = (
        b"access_token=ghu_1&expires_in=28800&refresh_token=ghr_1&refresh_token_expires_in=15811200"
        b"&scope=&token_type=bearer"
    )

    answer = answered(said, forge="github", content_type=FORM)

    assert answer == TokenAnswer(
        access_token=SecretValue("ghu_1"),
        refresh_token=SecretValue("ghr_1"),
        token_type="bearer",
        lifetime_ms=28_800 * SECOND_MS,
        refresh_lifetime_ms=15_811_200 * SECOND_MS,
    )


def test_github_may_refuse_with_a_form():
    failed(b"error=bad_refresh_token", GrantRefused, forge="github", content_type=FORM)


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("7", 7 * SECOND_MS),
        (" 7 ", 7 * SECOND_MS),
        ("0", 0),
        ("Wed, 25 Nov 2026 10:01:00 GMT", 60 * SECOND_MS),
        ("Wed, 25 Nov 2026 09:00:00 GMT", 0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 40, None),
        ("Wed, 99 Nov 2026 10:01:00 GMT", None),
        ("Wed, 25 Nov 2026 10:01:00 -0000", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_is_seconds_or_a_date(said, pause, status):
    headers = {"retry_after": said, "date": "Wed, 25 Nov 2026 10:00:00 GMT"}

    assert failed(b"", status=status, **headers).retry_after_ms == pause


def test_a_date_without_anything_to_compare_it_with_is_not_known():
    assert failed(b"", status=429, retry_after="Wed, 25 Nov 2026 10:01:00 GMT").retry_after_ms is None


@pytest.mark.parametrize("error", ["SENTINEL words of a stranger", "x" * 65, "\x1b[2J", "SENTINEL", 7, ["a"], {}])
def test_no_message_shows_what_a_stranger_wrote(error):
    message = failed({"error": error}).message

    assert message.isprintable()
    assert "x" * 65 not in message


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("refresh_token", "token_type", "expires_in", "refresh_token_expires_in", "scope", "error")
NEARLY = st.fixed_dictionaries({"access_token": st.just("t") | ANYTHING}, optional=dict.fromkeys(FIELDS, ANYTHING))
BODIES = (
    st.binary(max_size=200)
    | NEARLY.map(lambda document: json.dumps(document).encode())
    | ANYTHING.map(lambda value: json.dumps(value).encode())
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from([FORM, "application/json", "text/html"]) | st.text(),
        "retry-after": st.text(max_size=40) | st.integers().map(str),
        "date": st.text(max_size=40),
    },
)


@given(
    forge=st.sampled_from(sorted(DIALECTS)),
    status=st.sampled_from([200, 400, 401, 429, 503]) | st.integers(200, 599),
    headers=HEADERS,
    content=BODIES,
    refreshing=st.booleans(),
)
@example(forge="gitlab", status=200, headers={}, content=b'{"access_token":"t","scope":["\\ud800"]}', refreshing=True)
@example(
    forge="github", status=200, headers={"content-type": FORM}, content=b"a=1;;&&=&access_token=%ff", refreshing=True
)
def test_whatever_comes_it_is_a_grant_or_one_of_three_errors(forge, status, headers, content, refreshing):
    answer = None
    with suppress(GrantRefused, Misconfigured, ForgeFailed):
        answer = read_answer(DIALECTS[forge], Answer(status, headers, content), refreshing=refreshing)

    if answer:
        assert status in {200, 201}
        assert 0 < len(answer.access_token.reveal()) <= 16_384
        assert answer.lifetime_ms is None or 0 < answer.lifetime_ms <= 3_650 * DAY_MS


def test_the_form_of_an_answer_does_not_show_it():
    answer = Answer(200, {"set-cookie": "SENTINEL"}, b'{"access_token": "SENTINEL"}')

    assert "SENTINEL" not in f"{answer} {answer!r}"
