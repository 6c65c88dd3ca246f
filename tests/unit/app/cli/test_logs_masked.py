"""No secret gets into a line of the log, wherever it stands in what was logged."""

import base64
import io
import json
import logging
from contextlib import redirect_stderr

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.logs import set_up_logs
from app.redaction import masked, masked_text
from domain.values import SecretValue

ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BODY = st.text(ALNUM, min_size=20, max_size=40)


def looking_like(form, *, of=BODY):
    """Give a text, and the part of it that must not be seen."""
    return of.map(lambda body: (form.format(body), body))


HEX = st.text("0123456789abcdef", min_size=40, max_size=40)
BASE64 = st.binary(min_size=12, max_size=40).map(lambda raw: base64.b64encode(b"User:" + raw).decode())
KEY = st.binary(min_size=32, max_size=32).map(lambda raw: base64.b64encode(raw).decode())
KEY_FOR_URLS = (
    st.binary(min_size=32, max_size=32)
    .map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    .filter(lambda key: key.upper() != key != key.lower())
)
WORDS = st.lists(st.text(ALNUM, min_size=12, max_size=15), min_size=2, max_size=4).map(" ".join)
PASSWORD = st.text(ALNUM + "@:/!$&'*+,;=", min_size=12, max_size=30).filter(lambda text: "@" not in text[-2:])

TOKENS = {
    "ours": looking_like("srt_{}"),
    "GitLab's": looking_like("glpat-{}"),
    "GitLab's, routable": looking_like("glpat-{}.01.0abcdefgh"),
    "GitLab's, of an application": looking_like("gloas-{}"),
    "GitHub's, OAuth": looking_like("gho_{}"),
    "GitHub's, classic": looking_like("ghp_{}"),
    "GitHub's, of a server": looking_like("ghs_{}"),
    "GitHub's, to refresh": looking_like("ghr_{}"),
    "GitHub's, fine-grained": looking_like("github_pat_{}"),
    "Forgejo's, in a header": looking_like("Authorization: token {}", of=HEX),
    "Forgejo's, in a sentence": looking_like("the token of the agent is {}", of=HEX),
    "a bearer": looking_like("Bearer {}"),
    "a bearer in a header of bytes": looking_like("(b'authorization', b'Bearer {}')"),
    "a basic": looking_like("Basic {}", of=BASE64),
    "a header": looking_like("PRIVATE-TOKEN: {}"),
    "a cookie": looking_like("Set-Cookie: session={}; HttpOnly"),
    "a password in a URL": looking_like("postgresql+psycopg://strongroom:{}@db.example/strongroom", of=PASSWORD),
    "a user in a URL": looking_like("https://{}@git.example/acme/api.git"),
    "a code in a URL": looking_like("/oauth/gitlab/callback?code={}&state=x"),
    "a state in a URL": looking_like("/oauth/gitlab/callback?code=x&state={}"),
    "a form": looking_like("grant_type=refresh_token&refresh_token={}&redirect_uri=x"),
    "a verifier": looking_like("code_verifier={}"),
    "JSON": looking_like('{{"access_token": "{}", "token_type": "bearer"}}'),
    "Python": looking_like("{{'client_secret': '{}'}}"),
    "a JSON Web Token": looking_like("eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl"),
    "a password behind a colon": looking_like("password: {}"),
    "a word behind a colon": looking_like("client_secret: {}", of=st.text(ALNUM, min_size=12, max_size=15)),
    "a token behind a colon": looking_like("token: {}"),
    "a line of a file of settings": looking_like("db_password = {}"),
    "words in quotes behind a colon": looking_like('client_secret: "{}"', of=WORDS),
    "words in quotes": looking_like("passphrase='{}'", of=WORDS),
    "words in quotes, with the other quote": looking_like('secret="it\'s {}"', of=WORDS),
    "words in quotes, with an escaped quote": looking_like('secret="a \\" b {}"', of=WORDS),
    "words in quotes that do not end": looking_like('secret="{}', of=WORDS),
    "JSON in JSON": looking_like(r"{{\"token\": \"{}\"}}", of=WORDS),
    "JSON in JSON in JSON": looking_like(r"{{\\\"token\\\": \\\"{}\\\"}}", of=WORDS),
    "a form in a URL": looking_like("next=/x%3Ftoken%3D{}%26x%3D1"),
    "JSON in a URL": looking_like("%7B%22token%22%3A%22{}%22%7D"),
    "a name with the word inside": looking_like("client_secret_value={}"),
    "a private key": looking_like("-----BEGIN RSA PRIVATE KEY-----\nMII\n{}\n-----END RSA PRIVATE KEY-----"),
    "a private key that does not end": looking_like("-----BEGIN PRIVATE KEY-----\nMII\n{}"),
    "a key in the base64 of URLs": KEY_FOR_URLS.map(lambda key: (key, key)),
    "the same without its end": KEY_FOR_URLS.map(lambda key: (key.rstrip("="), key.rstrip("="))),
    "a master key": KEY.map(lambda key: (key, key)),
}


class Odd:
    """An object that shows what it holds."""

    def __init__(self, text):
        self._text = text

    def __str__(self):
        return f"odd {self._text}"

    __repr__ = __str__


def raised(text):
    error = ValueError(text)
    error.add_note(f"a note: {text}")
    error.__cause__ = KeyError(text)
    return error


def exc_info(text):
    try:
        raise raised(text)
    except ValueError as error:
        return (type(error), error, error.__traceback__)


OURS, THEIRS = structlog.get_logger, lambda: logging.getLogger("someone")


def in_context(text):
    with structlog.contextvars.bound_contextvars(what=text):
        THEIRS().info("said")
        OURS().info("said")


POSITIONS = {
    "the event": lambda text: OURS().info(text),
    "the middle of the event": lambda text: OURS().info(f"before {text} behind"),
    "an event of bytes": lambda text: OURS().info(text.encode()),
    "an argument": lambda text: OURS().info("said %s", text),
    "a value": lambda text: OURS().info("said", what=text),
    "a value of bytes": lambda text: OURS().info("said", what=text.encode()),
    "a list": lambda text: OURS().info("said", what=["x", [text]]),
    "a tuple and a set": lambda text: OURS().info("said", what=(text, {text}, frozenset([text]))),
    "a dict": lambda text: OURS().info("said", what={"x": {"y": [text, {"z": text.encode()}]}}),
    "a key": lambda text: OURS().info("said", what={text: 1, "x": {text.encode(): 2}}),
    "far below": lambda text: OURS().info("said", what=[[[[[[[[[[[[text]]]]]]]]]]]]),
    "an object": lambda text: OURS().info("said", what=[Odd(text)], more=Odd(text)),
    "an exception that is a value": lambda text: OURS().info("said", error=raised(text)),
    "an exception": lambda text: OURS().error("failed", exc_info=raised(text)),
    "the context": in_context,
    "a message of theirs": lambda text: THEIRS().info(text),
    "an argument of theirs": lambda text: THEIRS().info("said %s and %r", text, {"x": [text]}),
    "an argument of theirs, by name": lambda text: THEIRS().info("said %(x)s", {"x": text}),
    "an extra of theirs": lambda text: THEIRS().info("said", extra={"what": text, "x": {"y": [text]}}),
    "an exception of theirs": lambda text: THEIRS().error("failed", exc_info=exc_info(text)),
    "an argument that does not fit": lambda text: THEIRS().info("%d", text),
    "an argument too many": lambda text: THEIRS().info("%s", text, text),
}


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(form, act):
    """Return what is written to standard error while `act` logs."""
    root = logging.getLogger()
    before = root.handlers[:]
    with redirect_stderr(io.StringIO()) as said:
        set_up_logs(form=form)
        act()
    root.handlers[:] = before
    return said.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("position", POSITIONS.values(), ids=POSITIONS)
@given(planted=st.one_of(*TOKENS.values()))
def test_a_token_is_masked_wherever_it_stands(form, position, planted):
    text, secret = planted

    said = logged(form, lambda: position(text))

    assert said
    assert secret not in said
    assert secret[:12] not in said


@pytest.mark.parametrize("kind", TOKENS)
@given(st.data())
def test_every_kind_of_token_is_masked_between_other_words(kind, data):
    text, secret = data.draw(TOKENS[kind])
    before, behind = (
        data.draw(st.sampled_from(["", " ", "x: ", '"', "(", "a,\n"])),
        data.draw(st.sampled_from(["", " x", '"', ")", "\nx"])),
    )

    said = masked(None, "", {"event": before + text + behind})["event"]

    assert secret not in said


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "refreshToken",
        "PRIVATE-TOKEN",
        "password",
        "db_passwd",
        "authorization",
        "Set-Cookie",
        "client_secret",
        "code_verifier",
        "api_key",
        "X-Api-Key",
        "master_key",
        "credentials",
        b"x-auth-token",
        "auth",
        "x-auth",
    ],
)
def test_what_is_called_like_a_secret_is_masked_whatever_it_looks_like(name):
    said = logged(
        "json", lambda: structlog.get_logger().info("said", what={name: "hunter2", "x": [{name: ["hunter2"]}]})
    )

    assert "hunter2" not in said


@pytest.mark.parametrize("name", ["token_value", "password_hash", "client_secret_value", "authToken2", "auth_header"])
def test_a_text_with_the_word_inside_its_name_is_masked(name):
    assert masked(None, "", {name: "hunter2", "x": {name: b"hunter2"}}) == {name: "********", "x": {name: "********"}}


@pytest.mark.parametrize(
    "event",
    [
        {"tokens_used": 3, "secrets_listed": ["reviewer"]},
        {"token_type": "bearer", "master_key_file": "/x", "author": "a"},
    ],
)
def test_what_is_about_a_secret_is_left_as_it_is(event):
    assert masked(None, "", event) == event


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"token": "a", "x": "b"}', '{"token": "********", "x": "b"}'),
        (r"{\"token\": \"a\", \"x\": 1}", r"{\"token\": \"********\", \"x\": 1}"),
        ("token%3Da%26x%3D1", "token%3D********%26x%3D1"),
        ('secret="a b" x', 'secret="********" x'),
        ("password: hunter, no more", "password: ******** no more"),
    ],
)
def test_what_stands_behind_a_secret_stays(text, said):
    assert masked_text(text) == said


def test_numbers_called_like_secrets_are_counts():
    assert masked(None, "", {"tokens": 3, "token": None}) == {"tokens": 3, "token": None}


@pytest.mark.parametrize(
    "text",
    [
        "agent_token:reviewer is at version 2, not at 1",
        "this token has no grant for this",
        "token:14de1c7884c10d8a a name",
        "api_token.create",
        "could not refresh the token: connection refused",
        "3 of 7 tokens: 3, secrets: 12",
        "if token == other",
        "token_type: bearer",
        '{"tokens": 3}',
        "9f1c2e7a111142228333444455556666",
        "the-name-of-a-branch-that-is-as-long-as-key",
        "GET /secrets/{name:path}/value 200",
        "basic authentication is not offered",
        "see https://git.example:3000/acme/api/commit/0123456789abcdef0123456789abcdef01234567",
        "the key 0123456789abcdef was wrapped by 16 hex digits",
        "listening on http://127.0.0.1:8787",
        "9f1c2e7a-1111-4222-8333-444455556666",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text):
    assert masked(None, "", {"event": text}) == {"event": text}


def test_what_contains_itself_does_not_end_the_line():
    circle = {}
    circle["self"] = [circle]

    assert "said" in logged("json", lambda: structlog.get_logger().info("said", what=circle))


def test_what_cannot_be_shown_does_not_end_the_line():
    class Shy:
        def __str__(self):
            raise ValueError("srt_hunter2")

    said = logged("json", lambda: structlog.get_logger().info("said", what=Shy()))

    assert json.loads(said)["what"] == "<Shy>"


def test_a_line_that_cannot_be_made_says_where_it_was_to_be_logged():
    said = json.loads(logged("json", lambda: logging.getLogger("someone").info("%d", "hunter2")))

    assert (said["logger"], said["level"]) == ("someone", "error")
    assert "test_logs_masked.py" in said["event"]
    assert "hunter2" not in str(said)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_value_is_masked_by_its_type_in_an_extra(form):
    said = logged(form, lambda: logging.getLogger("x").info("said", extra={"what": [SecretValue("hunter2")]}))

    assert "what" in said
    assert "hunter2" not in said


def test_an_extra_appears_in_json_and_colours_do_not():
    extra = {"status": 200, "route": "/x", "actor": None, "color_message": "\x1b[1mx"}
    said = json.loads(logged("json", lambda: logging.getLogger("x").info("said", extra=extra)))

    assert (said["status"], said["route"], said["actor"]) == (200, "/x", None)
    assert "color_message" not in said


def test_an_argument_of_ours_is_put_into_its_place():
    said = json.loads(logged("json", lambda: structlog.get_logger().info("said %s of %d", "one", 2)))

    assert said["event"] == "said one of 2"
    assert "positional_args" not in said
