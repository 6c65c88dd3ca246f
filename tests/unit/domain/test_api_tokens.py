"""API tokens: what a grant is, and what it opens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_tokens import ADMIN, ApiToken, parse_grant
from domain.errors import Invalid
from tests.support.said import cut

NOON = 1_795_521_600_000
TOKEN = ApiToken(id="t1", name="ci", prefix="srt_abcd", digest=b"", grants=(), created_at=NOON)

OPENS = [
    ("read:/sessions", "read", "/sessions", True),
    ("read:/sessions", "read", "/sessions/", False),
    ("read:/sessions", "read", "/sessions/x", False),
    ("read:/sessions", "read", "/session", False),
    ("read:/sessions", "write", "/sessions", False),
    ("read:/sessions/*", "read", "/sessions/forgejo:a:acme/api:1", True),
    ("read:/sessions/*", "read", "/sessions/", True),
    ("read:/sessions/*", "read", "/sessions", False),
    ("read:/sessions/*", "read", "/v2/sessions/x", False),
    ("read:/sessions/*", "read", "/SESSIONS/x", False),
    ("write:/sessions/*", "write", "/sessions/x", True),
    ("write:/sessions/*", "read", "/sessions/x", True),
    ("read:/secrets/*/value", "read", "/secrets/agent_token:reviewer/value", True),
    ("read:/secrets/*/value", "read", "/secrets/agent_token:reviewer", False),
    ("read:/secrets/*/value", "read", "/secrets//value", True),
    ("read:/secrets/agent_token:reviewer/value", "read", "/secrets/agent_token:reviewer/value", True),
    ("read:/secrets/agent_token:reviewer/value", "read", "/secrets/agent_token:reviewer2/value", False),
    ("read:/agents/a.b", "read", "/agents/a.b", True),
    ("read:/agents/a.b", "read", "/agents/aXb", False),
    ("read:/agents/[ab]", "read", "/agents/a", False),
    ("read:/agents/[ab]", "read", "/agents/[ab]", True),
    ("read:/agents/a?", "read", "/agents/ab", False),
    ("read:/agents/(a|b)+$", "read", "/agents/(a|b)+$", True),
    ("read:/a*c*e", "read", "/abcde", True),
    ("read:/a*c*e", "read", "/abde", False),
    ("read:/a**b", "read", "/ab", True),
    ("read:/*", "read", "/a\nb", True),
    ("read:/*", "read", "/a/ü/🔑", True),
    ("read:/*", "write", "/a", False),
    (ADMIN, "write", "/anything/at/all", True),
    (ADMIN, "read", "/", True),
    (ADMIN, "read", "", False),
    ("read:/", "read", "/", True),
    ("read:/", "read", "/x", False),
]
NO_GRANTS = [
    "", "read", "read:", "read:sessions", "read:*", ":/sessions", "READ:/sessions", "execute:/x", "read,write:/x",
    "read:/a b", "read:/a\n", "read:/\x00", "read:/ü", " read:/x", "read:/x ", "Admin", "admin ", "admin:/*", "write/*",
]  # fmt: skip


@pytest.mark.parametrize(("grant", "action", "path", "opens"), OPENS)
def test_a_grant_opens_what_its_pattern_matches(grant, action, path, opens):
    token = replace(TOKEN, grants=(parse_grant(grant),))

    assert token.allows(action, path) is opens


def test_a_token_without_grants_opens_nothing():
    assert not TOKEN.allows("read", "/")


def test_one_grant_of_several_is_enough():
    token = replace(TOKEN, grants=("read:/a", "write:/b"))

    assert token.allows("read", "/a")
    assert token.allows("write", "/b")
    assert not token.allows("write", "/a")


def test_admin_is_stored_as_write_to_everything():
    assert parse_grant("admin") == parse_grant(ADMIN) == ADMIN


@pytest.mark.parametrize("raw", NO_GRANTS, ids=cut)
def test_what_is_no_grant_is_refused_with_an_example(raw):
    with pytest.raises(Invalid) as caught:
        parse_grant(raw)

    assert "read:/sessions/*" in caught.value.advice


@pytest.mark.timeout(20)
def test_a_pattern_of_many_stars_does_not_take_for_ever():
    token = replace(TOKEN, grants=("read:/" + "*a" * 12 + "b",))

    assert not token.allows("read", "/" + "a" * 60)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_a_pattern_without_a_star_opens_exactly_itself(text):
    path = "/" + text.replace("*", "")
    token = replace(TOKEN, grants=(parse_grant(f"read:{path}"),))

    assert token.allows("read", path)
    assert not token.allows("read", path + "x")
    assert not token.allows("read", "x" + path)


@pytest.mark.parametrize(
    ("changes", "live"),
    [
        ({}, True),
        ({"expires_at": NOON + 1}, True),
        ({"expires_at": NOON}, False),
        ({"expires_at": NOON - 1}, False),
        ({"revoked_at": NOON + 9}, False),
        ({"revoked_at": NOON, "expires_at": NOON + 1}, False),
    ],
)
def test_a_token_lives_until_it_expires_or_is_revoked(changes, live):
    assert replace(TOKEN, **changes).is_live(NOON) is live
