"""`gitlab-oauth-token.json`: every nasty file, and what is said of it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import EARLIEST_MS, END_MS
from domain.legacy.gitlab_file import parse_gitlab_file
from domain.legacy.text import Malformed
from domain.oauth import OAuthToken
from domain.values import SecretValue
from tests.support.silence import assert_says_nothing_of

NOON = 1_795_521_600_000
HOUR = 3_600_000
MTIME = NOON - 10 * HOUR
BARE = OAuthToken(forge_type="gitlab", access_token=SecretValue("hush-a"))


def document(**fields):
    return json.dumps({"access_token": "hush-hidden", **fields}).encode()


def read(content):
    return parse_gitlab_file(content, mtime=MTIME)


BYTES = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n\t", "empty"),
    "a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "NUL bytes": (b"\x00" * 512, "NUL"),
    "UTF-16": (document().decode().encode("utf-16"), "not UTF-8"),
    "UTF-16 without a mark": (document().decode().encode("utf-16-le"), "line 1, column 2"),
    "UTF-32": (document().decode().encode("utf-32"), "not UTF-8"),
    "Latin-1": (b'{"access_token": "h\xfcsh"}', "not UTF-8: byte 20"),
    "half written": (b'{"access_token": "hush-hid', "line 1, column 18"),
    "half written before a value": (b'{"access_token":\n', "line 2, column 1"),
    "NUL bytes behind": (document() + b"\x00\x00", "column 32"),
    "two documents": (document() + b"\n" + document(), "line 2, column 1"),
    "a trailing comma": (b'{"access_token": "hush-hidden",}', "line 1"),
    "a comment": (b'{\n// hush-comment\n"access_token": "hush-hidden"}', "line 2, column 1"),
    "single quotes": (b"{'access_token': 'hush-hidden'}", "line 1, column 2"),
    "no quotes": (b"{access_token: hush-hidden}", "line 1, column 2"),
    "a bare token": (b"hush-hidden", "line 1, column 1"),
    "a bad escape": (rb'{"access_token": "hush\xhidden"}', "line 1"),
    "a raw line feed in a text": (b'{"access_token": "hush\nhidden"}', "line 1"),
    "a list": (b'["hush-hidden"]', "a list"),
    "a list of tokens": (b'[{"access_token": "hush-hidden"}]', "a list"),
    "null": (b"null", "null"),
    "a text": (b'"hush-hidden"', "a text"),
    "a number": (b"4711471147114711", "a number"),
    "true": (b"true", "a boolean"),
    "a key twice": (b'{"access_token": "hush-one", "access_token": "hush-two"}', "'access_token' stands twice"),
    "a key twice, the same": (b'{"access_token": "hush", "access_token": "hush"}', "'access_token' stands twice"),
    "an unknown key twice": (b'{"access_token": "a", "hush-key": 1, "hush-key": 2}', "a key stands twice"),
    "a key twice below": (b'{"access_token": "a", "x": [{"hush-key": 1, "hush-key": 2}]}', "a key stands twice"),
    "NaN": (b'{"access_token": "a", "expires_in": NaN}', "line 1, column 37"),
    "NaN in an unknown field": (b'{"access_token": "NaN",\n "x": NaN}', "line 2, column 7"),
    "Infinity below": (b'{"access_token": "a", "x": {"y": [Infinity]}}', "column 35"),
    "minus Infinity": (b'{"access_token": "a", "x": -Infinity}', "column 28"),
    "too many digits": (b'{"access_token": "a", "x": ' + b"7" * 5_000 + b"}", "digits"),
    "nested too deeply": (b'{"access_token": "a", "x": ' + b"[" * 100_000, "nested"),
}

FIELDS = {
    "no access_token": (b'{"refresh_token": "hush-hidden"}', "access_token"),
    "an empty object": (b"{}", "access_token"),
    "another case": (b'{"Access_Token": "hush-hidden"}', "access_token"),
    "access_token null": (document(access_token=None), "access_token"),
    "access_token empty": (document(access_token=""), "access_token"),
    "access_token blank": (document(access_token=" \t"), "access_token"),
    "access_token a number": (document(access_token=4711_4711), "access_token"),
    "access_token true": (document(access_token=True), "access_token"),
    "access_token a list": (document(access_token=["hush-hidden"]), "access_token"),
    "access_token an object": (document(access_token={"hush": "hidden"}), "access_token"),
    "access_token with a space": (document(access_token="hush hidden"), "access_token"),
    "access_token with a line end": (document(access_token="hush-hidden\n"), "access_token"),
    "access_token with NUL": (document(access_token="hush\x00hidden"), "access_token"),
    "access_token with half a surrogate": (document(access_token="hush\ud800hidden"), "access_token"),
    "access_token with a byte order mark": (document(access_token="\ufeffhush"), "access_token"),
    "access_token with a zero width space": (document(access_token="hush\u200b"), "access_token"),
    "access_token far too long": (document(access_token="t" * 100_000), "access_token"),
    "access_token in two spellings": (document(accessToken="hush-other"), "access_token and accessToken"),
    "access_token, a space the only difference": (document(accessToken="hush-hidden "), "access"),
    "refresh_token a number": (document(refresh_token=4711_4711), "refresh_token"),
    "refresh_token with a space": (document(refresh_token="hush hidden"), "refresh_token"),
    "refresh_token with NUL": (document(refreshToken="hush\x00hidden"), "refresh_token"),
    "refresh_token in two spellings": (document(refresh_token="h-one", refreshToken="h-two"), "refresh_token and refr"),
    "token_type a list": (document(token_type=["hush-type"]), "token_type"),
    "token_type with an escape": (document(token_type="\x1b[31mhush"), "token_type"),
    "scope a number": (document(scope=4711_4711), "scope"),
    "scope an object": (document(scope={"hush-scope": True}), "scope"),
    "scopes with a number": (document(scopes=["hush-scope", 4711]), "scope"),
    "scopes with null": (document(scopes=["hush-scope", None]), "scope"),
    "scopes with NUL": (document(scopes=["hush\x00scope"]), "scope"),
    "scope and scopes differ": (document(scope="hush-one", scopes="hush-two"), "scope and scopes"),
    "expires_in a text": (document(expires_in="7200"), "expires_in"),
    "expires_in a float": (document(expires_in=7200.5), "expires_in"),
    "expires_in true": (document(expires_in=True), "expires_in"),
    "expires_in negative": (document(expires_in=-7200), "expires_in"),
    "expires_in a list": (document(expires_in=[7200]), "expires_in"),
    "expires_in beyond 2100": (document(expires_in=10**10), "expires_in"),
    "expires_in enormous": (document(expires_in=10**400), "expires_in"),
    "expires_in 1e400": (b'{"access_token": "a", "expires_in": 1e400}', "expires_in"),
    "expires_in in two spellings": (document(expires_in=1, expiresIn=2), "expires_in and expiresIn"),
    "created_at a float": (document(expires_in=1, created_at=NOON / 1_000), "created_at"),
    "created_at never": (document(expires_in=1, created_at="hush-never"), "created_at"),
    "created_at zero": (document(expires_in=1, created_at=0), "created_at"),
    "created_at in microseconds": (document(expires_in=1, created_at=NOON * 1_000), "created_at"),
    "created_at without a zone": (document(expires_in=1, created_at="2026-11-24T12:00:00"), "created_at"),
    "created_at in two spellings": (document(expires_in=1, created_at=NOON, createdAt=NOON + 1), "created_at and"),
    "expires_at never": (document(expires_at="hush-never"), "expires_at"),
    "expires_at digits in a text": (document(expires_at=str(NOON)), "expires_at"),
    "expires_at a float": (document(expires_at=float(NOON)), "expires_at"),
    "expires_at true": (document(expires_at=True), "expires_at"),
    "expires_at zero": (document(expires_at=0), "expires_at"),
    "expires_at negative": (document(expires_at=-1), "expires_at"),
    "expires_at in nanoseconds": (document(expires_at=NOON * 1_000_000), "expires_at"),
    "expires_at two to the 63rd": (document(expires_at=2**63), "expires_at"),
    "expires_at in 1999": (document(expires_at="1999-12-31T23:59:59Z"), "expires_at"),
    "expires_at in 2100": (document(expires_at="2100-01-01T00:00:00Z"), "expires_at"),
    "expires_at the end in seconds": (document(expires_at=END_MS // 1_000), "expires_at"),
    "expires_at in two spellings": (document(expires_at=NOON, expiresAt=NOON + 1), "expires_at and expiresAt"),
    "base_url a number": (document(base_url=47114711), "base_url"),
    "base_url blank": (document(base_url=" "), "base_url"),
    "base_url with a line end": (document(base_url="https://hush.example\n"), "base_url"),
    "base_url in two spellings": (
        document(base_url="https://hush-a", baseUrl="https://hush-b"),
        "base_url and baseUrl",
    ),
}

ACCEPTED = {
    "the least": (b'{"access_token": "hush-a"}', {}),
    "camel case": (b'{"accessToken": "hush-a"}', {}),
    "both spellings, the same": (b'{"accessToken": "hush-a", "access_token": "hush-a"}', {}),
    "one spelling null": (b'{"accessToken": "hush-a", "access_token": null}', {}),
    "a byte order mark": (b'\xef\xbb\xbf{"access_token": "hush-a"}', {}),
    "line ends and blanks": (b'\r\n {\r\n"access_token"\t: "hush-a"\r\n}\r\n', {}),
    "an escaped letter": (rb'{"access_token": "h\u0075sh-a"}', {}),
    "unknown keys": (b'{"access_token": "hush-a", "version": 9, "__proto__": {"x": [1.5e3, 1e400, null]}}', {}),
    "nulls": (b'{"access_token": "hush-a", "refresh_token": null, "scope": null, "expires_in": null}', {}),
    "a refresh token": (
        b'{"access_token": "hush-a", "refreshToken": "hush-r"}',
        {"refresh_token": SecretValue("hush-r")},
    ),
    "a token type": (b'{"access_token": "hush-a", "tokenType": "bearer"}', {"token_type": "bearer"}),
    "a scope": (b'{"access_token": "hush-a", "scope": "api read_user"}', {"scopes": ("api", "read_user")}),
    "scopes, a text": (b'{"access_token": "hush-a", "scopes": "api"}', {"scopes": ("api",)}),
    "scopes, a list": (b'{"access_token": "hush-a", "scopes": ["api", "x"]}', {"scopes": ("api", "x")}),
    "an empty scope": (b'{"access_token": "hush-a", "scope": ""}', {"scopes": ()}),
    "no scopes": (b'{"access_token": "hush-a", "scopes": []}', {"scopes": ()}),
    "a base URL": (
        b'{"access_token": "hush-a", "baseUrl": "https://GitLab.example:8443/x/"}',
        {"base_url": "https://GitLab.example:8443/x/"},
    ),
    "expires_in from the file's time": (
        b'{"access_token": "hush-a", "expires_in": 7200}',
        {"expires_at": MTIME + 2 * HOUR},
    ),
    "expires_in of nothing": (b'{"access_token": "hush-a", "expiresIn": 0}', {"expires_at": MTIME}),
    "expires_in from created_at in seconds": (
        b'{"access_token": "hush-a", "expires_in": 7200, "created_at": 1795521600}',
        {"expires_at": NOON + 2 * HOUR},
    ),
    "expires_in from created_at in milliseconds": (
        b'{"access_token": "hush-a", "expires_in": 7200, "createdAt": 1795521600000}',
        {"expires_at": NOON + 2 * HOUR},
    ),
    "expires_in from created_at in ISO": (
        b'{"access_token": "hush-a", "expires_in": 7200, "created_at": "2026-11-24T12:00:00Z"}',
        {"expires_at": NOON + 2 * HOUR},
    ),
    "expires_at before expires_in": (
        b'{"access_token": "hush-a", "expires_in": 1, "expires_at": 1795521600}',
        {"expires_at": NOON},
    ),
    "long expired": (b'{"access_token": "hush-a", "expires_at": "2000-01-01T00:00:00Z"}', {"expires_at": EARLIEST_MS}),
}


@pytest.mark.parametrize(("content", "said"), (BYTES | FIELDS).values(), ids=BYTES | FIELDS)
def test_a_malformed_gitlab_file_is_rejected_without_a_word_of_it(content, said):
    with pytest.raises(Malformed) as caught:
        read(content)

    assert said in caught.value.message
    assert_says_nothing_of(content, caught.value)


@pytest.mark.parametrize(("content", "changes"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_gitlab_file_is_read(content, changes):
    token = read(content)

    for field in ("forge_type", "access_token", "version"):
        assert getattr(token, field) == getattr(BARE, field)
    for field in ("refresh_token", "token_type", "scopes", "expires_at", "base_url"):
        assert getattr(token, field) == changes.get(field)


token_lines = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = ["access_token", "accessToken", "refresh_token", "scope", "scopes", "expires_in", "expires_at", "created_at"]


@given(st.binary())
def test_any_bytes_are_malformed(content):
    with pytest.raises(Malformed) as caught:
        read(content)

    assert_says_nothing_of(content, caught.value)


@given(st.dictionaries(st.sampled_from([*names, "base_url", "token_type", "x"]), json_values) | json_values)
def test_any_json_is_a_token_or_malformed(value):
    try:
        token = read(json.dumps(value).encode())
    except Malformed:
        return

    assert token.access_token.reveal() in (value.get("access_token"), value.get("accessToken"))


@given(
    access=token_lines,
    refresh=token_lines,
    scopes=st.lists(token_lines, max_size=3),
    expires_at=st.integers(EARLIEST_MS, END_MS - 1),
    as_text=st.booleans(),
)
def test_a_valid_document_comes_back(access, refresh, scopes, expires_at, as_text):
    moment = datetime.fromtimestamp(expires_at // 1_000, UTC).isoformat()
    fields = {"access_token": access, "refreshToken": refresh, "scopes": scopes}
    fields["expires_at"] = moment if as_text else expires_at

    token = read(json.dumps(fields, ensure_ascii=as_text).encode())

    assert token.access_token.reveal() == access
    assert token.refresh_token.reveal() == refresh
    assert token.scopes == tuple(scopes)
    assert token.expires_at == (expires_at // 1_000 * 1_000 if as_text else expires_at)
