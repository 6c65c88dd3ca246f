"""Names, keys, values and durations: what is one, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.values import (
    FORGES,
    SECRET_LIMIT,
    agent_token_name,
    has_control,
    holds_token,
    is_agent_name,
    is_base_url,
    is_broken_text,
    is_token_line,
    parse_agent_name,
    parse_duration,
    parse_forge,
    parse_secret_name,
    parse_secret_value,
    parse_session_id,
    parse_session_key,
)
from tests.support.said import cut

AGENTS = ["a", "0", "reviewer", "Re.vie-w_er", "a" * 64, "9lives", "a..", "A-"]
NO_AGENTS = [
    "", ".", "..", ".hidden", "-rf", "_x", "a" * 65, "a b", "a\n", "a/b", "a:b", "a\x00", "é", "a\u0301", "\uff41",
]  # fmt: skip
SECRETS = ["a", "a_1", "agent_token:reviewer", "penpot_api_token", "x:A-Za-z0-9._:/=-", "x:" + "y" * 200, "agent_token"]
NO_SECRETS = [
    "", "A", "1a", "_a", "a-b", "a:", ":a", "a:b c", "a:b\n", "a\n", "a:" + "b" * 201, "a:ü", "a:%", "a:b\x00",
    "agent_token:..", "agent_token:a/b", "agent_token:a:b", "agent_token:=", "agent_token:" + "a" * 65, "ü", "\ud800",
]  # fmt: skip
KEYS = {
    "gitlab:a:b:c": ("gitlab", "a", "b", "c"),
    "forgejo:reviewer:acme/api:42": ("forgejo", "reviewer", "acme/api", "42"),
    "github:a:b:c:d:e": ("github", "a", "b:c:d", "e"),
    "github:a:::1": ("github", "a", ":", "1"),
    "github:a:https://x:8/y:#1!": ("github", "a", "https://x:8/y", "#1!"),
}
NO_KEYS = [
    "", ":::", "gitlab:a:b", "gitlab:a::c", "gitlab::b:c", ":a:b:c", "gitlab:a:b:", "gitlab:a:b:c d", "gitlab:a:b:c/d",
    "GITLAB:a:b:c", "bitbucket:a:b:c", " gitlab:a:b:c", "gitlab:a:b:c\n", "gitlab:.a:b:c", "gitlab:a:b\tb:c",
    "gitlab:a:b\x85b:c", "gitlab:a:b:" + "c" * 65, "gitlab:a:" + "b" * 1_100 + ":c", "gitlab:a:\udc80:c",
]  # fmt: skip
TOKEN_LINES = ["x", "tok==", "ключ", "🔑", "!", "e\u0301", "x" * SECRET_LIMIT]
NO_TOKEN_LINES = ["", " ", "a b", "a\n", "\ta", "a\x00", "a\x7f", "a\u00a0", "a\u200b", "a\u2028", "\ufeffa", "\ud800"]


@pytest.mark.parametrize("agent", AGENTS, ids=cut)
def test_an_agent_name_is_returned_as_it_is(agent):
    assert is_agent_name(agent)
    assert parse_agent_name(agent) == agent
    assert parse_secret_name(agent_token_name(agent)) == f"agent_token:{agent}"


@pytest.mark.parametrize("agent", NO_AGENTS, ids=cut)
def test_what_is_no_agent_name_is_refused(agent):
    assert not is_agent_name(agent)
    with pytest.raises(Invalid):
        parse_agent_name(agent)
    with pytest.raises(Invalid):
        agent_token_name(agent)


@pytest.mark.parametrize("forge", FORGES)
def test_a_forge_is_returned_as_it_is(forge):
    assert parse_forge(forge) == forge


@pytest.mark.parametrize("forge", ["", "GitHub", "gitea", "gitlab ", "gitlab\n"])
def test_an_unknown_forge_is_refused_with_the_known_ones(forge):
    with pytest.raises(Invalid) as caught:
        parse_forge(forge)

    assert all(known in caught.value.advice for known in FORGES)


@pytest.mark.parametrize("name", SECRETS, ids=cut)
def test_a_secrets_name_is_returned_as_it_is(name):
    assert parse_secret_name(name) == name


@pytest.mark.parametrize("name", NO_SECRETS, ids=cut)
def test_what_is_no_secrets_name_is_refused(name):
    with pytest.raises(Invalid):
        parse_secret_name(name)


@pytest.mark.parametrize("key", KEYS, ids=cut)
def test_a_session_key_is_returned_as_it_is(key):
    assert parse_session_key(key) == key


@pytest.mark.parametrize("key", NO_KEYS, ids=cut)
def test_what_is_no_session_key_is_refused(key):
    with pytest.raises(Invalid):
        parse_session_key(key)


@pytest.mark.parametrize("raw", ["x", " x ", "9f1c", "ид🔑", "x" * 1_024], ids=cut)
def test_a_session_id_is_returned_as_it_is(raw):
    assert parse_session_id(raw) == raw


@pytest.mark.parametrize("raw", [None, 1, True, [], {}, b"x", "", " ", "a\nb", "\x00", "\udfff", "x" * 1_025], ids=cut)
def test_what_is_no_session_id_is_refused(raw):
    with pytest.raises(Invalid) as caught:
        parse_session_id(raw)

    assert caught.value.message.startswith("not a session id")


@pytest.mark.parametrize("text", TOKEN_LINES, ids=cut)
@pytest.mark.parametrize("name", ["agent_token:reviewer", "penpot_api_token"])
def test_a_token_line_is_the_value_of_a_token(name, text):
    assert is_token_line(text)
    assert parse_secret_value(name, text).reveal() == text


@pytest.mark.parametrize("text", NO_TOKEN_LINES, ids=cut)
@pytest.mark.parametrize("name", ["agent_token:reviewer", "penpot_api_token"])
def test_what_is_no_token_line_is_not_the_value_of_a_token(name, text):
    assert not is_token_line(text)
    with pytest.raises(Invalid):
        parse_secret_value(name, text)


@pytest.mark.parametrize("text", ["", " ", "a b\n", "\ufeff", "\x7f", "x" * SECRET_LIMIT, "€" * 21_845 + "x"], ids=cut)
def test_any_text_of_64_kib_is_the_value_of_another_secret(text):
    assert parse_secret_value("webhook", text).reveal() == text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "x" * (SECRET_LIMIT + 1), "€" * 21_846], ids=cut)
def test_text_that_no_store_holds_is_refused_unseen(text):
    with pytest.raises(Invalid) as caught:
        parse_secret_value("webhook", "hush" + text)

    assert "hush" not in f"{caught.value} {caught.value.advice}"


def test_only_agents_and_penpots_secrets_hold_tokens():
    assert holds_token("agent_token:reviewer")
    assert holds_token("penpot_api_token")
    assert not holds_token("agent_token")
    assert not holds_token("penpot_api_token:x")
    assert not holds_token("webhook")


@pytest.mark.parametrize(
    ("raw", "ms"),
    [
        ("90d", 7_776_000_000),
        ("12h", 43_200_000),
        ("30m", 1_800_000),
        ("45s", 45_000),
        ("0s", 0),
        ("007d", 604_800_000),
    ],
)
def test_a_duration_is_read_as_milliseconds(raw, ms):
    assert parse_duration(raw) == ms


@pytest.mark.parametrize(
    "raw", ["", "d", "90", "90 d", "-1d", "+1d", "1.5h", "1w", "1D", "1d\n", "1d1h", "1e3s", "\u0663d", "1" * 10 + "s"]
)
def test_what_is_no_duration_is_refused(raw):
    with pytest.raises(Invalid):
        parse_duration(raw)


@pytest.mark.parametrize("text", ["\x00", "a\n", "\x1f", "\x7f", "\x80", "\x9f", "\ud800", chr(0xDFFF)], ids=ascii)
def test_control_characters_and_surrogates_are_found(text):
    assert has_control(f"a{text}b")


@pytest.mark.parametrize("text", ["", " ", "~", "\u00a0", "\u200b", "\ue000", "\U0010ffff"], ids=ascii)
def test_other_characters_are_no_control_characters(text):
    assert not has_control(text)


@given(st.text(st.characters(codec=None)))
def test_text_is_broken_if_utf_8_or_postgresql_refuses_it(text):
    halves = any("\ud800" <= character <= "\udfff" for character in text)

    assert is_broken_text(text) is (halves or "\x00" in text)


@pytest.mark.parametrize("parse", [parse_agent_name, parse_secret_name, parse_session_key, parse_forge, parse_duration])
@given(raw=st.text(st.characters(codec=None), max_size=40))
def test_a_name_is_returned_or_refused_and_a_refusal_does_not_repeat_it(parse, raw):
    try:
        parsed = parse(raw)
    except Invalid as error:
        refusal = error.message
    else:
        refusal = ""
        assert parsed == raw or parse is parse_duration

    assert refusal in {"", _refusal_of(parse, "?" * 2_000)}


def _refusal_of(parse, raw):
    with pytest.raises(Invalid) as refused:
        parse(raw)
    return refused.value.message


ADDRESSES = {
    "https://gitlab.com": True,
    "http://127.0.0.1:3000/git/": True,
    "https://[::1]:8443": True,
    "HTTPS://forge.example.org": True,
    "ftp://forge.example.org": False,
    "forge.example.org": False,
    "https://": False,
    "https://ada@forge.example.org": False,
    "https://forge.example.org?x=1": False,
    "https://forge.example.org#x": False,
    "https://forge.example.org:port": False,
    "https://forge.example.org:0": False,
    "https://[::1": False,
    "": False,
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_a_forges_address_is_one_that_paths_can_be_put_behind(text):
    assert is_base_url(text) is ADDRESSES[text]
