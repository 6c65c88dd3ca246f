"""Asking forges whose a token is: over real sockets, against servers that behave and servers that do not."""

import logging
import socket
import subprocess
import sys
import traceback
from contextlib import suppress

import pytest

from adapters.forges import ForgejoCredentialCheck, PenpotCredentialCheck, asking
from domain.errors import Invalid, NotAllowed, Unreachable
from domain.ports.credential_check import CredentialRefused
from domain.values import SecretValue
from tests.support.forge_server import NOBODY, a_forge_server, says

TOKEN = "tok-SENTINEL-Xv93"
KNOWN = SecretValue(TOKEN)
CHECKS = {"forgejo": ForgejoCredentialCheck, "penpot": PenpotCredentialCheck}


@pytest.fixture
def forge():
    with a_forge_server() as forge:
        yield forge


@pytest.fixture(params=CHECKS)
def check(request, forge):
    return CHECKS[request.param](forge.url)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(asking, "PATIENCE_S", 0.3)


def said_in(error):
    """Everything that an error may show, its causes and the traceback included."""
    lines = traceback.format_exception(error)
    while error is not None:
        lines.append(f"{error} {error!r} {getattr(error, 'advice', '')}")
        error = error.__cause__ or error.__context__
    return " ".join(lines)


def refused_by(check, kind, token=KNOWN):
    with pytest.raises(kind) as caught:
        check.owner_of(token)
    assert token.reveal() not in said_in(caught.value)
    return caught.value


@pytest.mark.parametrize("below", ["", "/", "/git", "/git/"])
def test_forgejo_says_under_which_name_the_owner_logs_in(forge, below):
    forge.answer = says(200, {"id": 7, "login": "review-bot", "email": "bot@example.org"})

    owner = ForgejoCredentialCheck(forge.url + below).owner_of(KNOWN)

    assert owner == "review-bot"
    assert forge.asked == [("GET", f"{below.rstrip('/')}/api/v1/user", f"token {TOKEN}")]


def test_penpot_says_by_which_address_the_owner_logs_in(forge):
    forge.play_penpot({TOKEN: "design@example.org"})

    owner = PenpotCredentialCheck(forge.url).owner_of(KNOWN)

    assert owner == "design@example.org"
    assert forge.asked == [("GET", "/api/rpc/command/get-profile", f"Token {TOKEN}")]


def test_a_token_that_forgejo_does_not_know_is_refused(forge):
    forge.play_forgejo({"another": "review-bot"})

    error = refused_by(ForgejoCredentialCheck(forge.url), CredentialRefused)

    assert isinstance(error, NotAllowed)
    assert error.message == "Forgejo refuses this token"


def test_the_profile_of_nobody_means_that_penpot_does_not_know_the_token(forge):
    forge.answer = says(200, NOBODY)

    assert refused_by(PenpotCredentialCheck(forge.url), CredentialRefused).message == "Penpot refuses this token"


def test_a_token_that_may_not_ask_whose_it_is_is_told_from_an_unknown_one(forge):
    forge.answer = says(403, {"message": "token does not have at least one of required scope(s): [read:user]"})

    assert "read:user" in refused_by(ForgejoCredentialCheck(forge.url), CredentialRefused).advice


@pytest.mark.parametrize("status", [204, 400, 404, 418, 429, 500, 502, 503, 599])
def test_any_other_status_says_nothing_of_the_token(check, forge, status):
    forge.answer = says(status, b"" if status == 204 else {"login": "review-bot", "email": "a@b"})

    assert str(status) in refused_by(check, Unreachable).message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_that_no_other_host_sees_the_token(check, forge, status):
    with a_forge_server() as thief:
        thief.answer = says(200, {"login": "thief", "email": "thief@example.org"})
        forge.answer = says(status, b"", Location=f"{thief.url}/api/v1/user")

        refused_by(check, Unreachable)

        assert (len(forge.asked), thief.asked) == (1, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>welcome</html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"review-bot"',
        b"{}",
        b"[" * 60_000,
        b'{"login": 7, "email": 7}',
        b'{"login": "", "email": ""}',
        b'{"login": "\\u001b[2J", "email": "\\u001b[2J"}',
        b'{"login": "a\\nb", "email": "a\\nb"}',
        b'{"login": "%b", "email": "%b"}' % (b"x" * 256, b"x" * 256),
        b'{"login": "a", "email": "a", "more": "%b"}' % (b"x" * 70_000),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_an_answer_that_is_no_user_is_not_taken_for_one(check, forge, body):
    forge.answer = says(200, body)

    refused_by(check, Unreachable)


def test_an_endless_answer_is_cut_off(check, forge):
    def pour(request):
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65_536)

    forge.answer = pour

    refused_by(check, Unreachable)


@pytest.mark.usefixtures("impatient")
def test_a_forge_that_does_not_answer_is_given_up(check, forge):
    forge.answer = lambda _request: forge.released.wait(30)

    assert "no answer within" in refused_by(check, Unreachable).message


@pytest.mark.usefixtures("impatient")
def test_a_forge_that_drips_is_given_up_when_the_time_for_all_of_it_is_over(check, forge):
    drops = []

    def drip(request):
        request.send_response(200)
        request.end_headers()
        while not forge.released.wait(0.02):
            request.wfile.write(b" ")
            drops.append(b" ")

    forge.answer = drip

    assert "no answer within" in refused_by(check, Unreachable).message
    assert len(drops) < 40  # each came in time, and all of them together took too long


def test_a_forge_that_hangs_up_or_is_not_there_is_unreachable(check, forge):
    forge.answer = lambda request: request.connection.shutdown(socket.SHUT_RDWR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    refused_by(check, Unreachable)
    for kind in CHECKS.values():
        refused_by(kind(f"http://127.0.0.1:{port}"), Unreachable)


def test_a_server_that_speaks_something_else_is_unreachable(check, forge):
    forge.answer = lambda request: request.wfile.write(b"220 mail.example.org ESMTP\r\n")

    refused_by(check, Unreachable)


@pytest.mark.parametrize("kind", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "forge.example.org",
        "ftp://forge.example.org",
        "file:///etc/passwd",
        "https://",
        "https://u:p@h",
        "http://[",
    ],
)
def test_an_address_that_is_none_is_invalid_and_named(kind, url):
    error = refused_by(kind(url), Invalid)

    assert "STRONGROOM_" in f"{error.message} {error.advice}"
    assert "u:p" not in error.message


@pytest.mark.parametrize("token", ["tök-SENTINEL", "tok SENTINEL", "tok\r\nX-Evil: SENTINEL", "tok\x00SENTINEL", ""])
def test_what_cannot_stand_in_a_header_is_refused_without_asking(check, forge, token):
    with pytest.raises(CredentialRefused) as caught:
        check.owner_of(SecretValue(token))

    assert forge.asked == []
    assert "SENTINEL" not in said_in(caught.value)


@pytest.mark.parametrize("status", [200, 401, 500])
def test_no_log_at_any_level_carries_the_token(check, forge, caplog, status):
    forge.answer = says(status, {"login": "a", "email": "a"})
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)

    with suppress(CredentialRefused, Unreachable):
        check.owner_of(KNOWN)

    said = " ".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert any(record.name.startswith("http") for record in caplog.records)
    assert TOKEN not in said
    assert "Authorization" not in said


def test_the_client_is_loaded_by_those_who_ask_and_by_nobody_else():
    code = (
        "import sys, app.container\n"
        "from adapters.forges import ForgejoCredentialCheck\n"
        "assert not {'httpx2', 'httpcore2'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
