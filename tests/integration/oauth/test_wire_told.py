"""What becomes of answers that no forge should give: an error that says whether the forge may have acted."""

import logging
import socket
import threading
import time
from contextlib import suppress

import pytest

from adapters.forges import authorization, github_authorization, gitlab_authorization, wire
from domain.errors import DomainError
from domain.values import SecretValue
from tests.support.forge_server import says
from tests.support.oauth_server import ACCESS, GIVEN, REFRESH, SECRET, SERVERS, a_told_forge, client_of, fails, token_of


@pytest.fixture
def told():
    with a_told_forge() as told:
        yield told


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(wire, "PATIENCE_S", 0.3)
    monkeypatch.setattr(authorization, "_PROBE_WITHIN_S", 0.3)
    for module in (github_authorization, gitlab_authorization):
        monkeypatch.setattr(module, "REVOKE_WITHIN_S", 0.3)


@pytest.fixture(params=SERVERS)
def forge(request):
    return request.param


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_that_no_other_host_sees_anything(told, forge, status):
    server, client = SERVERS[forge], client_of(forge, told.url)
    with a_told_forge() as thief:
        told.answer = says(status, b"", Location=f"{thief.url}/")

        assert fails(lambda: server.refresh(client, REFRESH)).may_have_acted is False
        assert server.is_alive(client, ACCESS) is None
        assert server.account(client, ACCESS) is None

        assert (len(told.asked), thief.asked) == (3, [])


@pytest.mark.parametrize(
    ("status", "alive"), [(200, True), (401, False), (403, None), (404, None), (429, None), (500, None), (503, None)]
)
def test_only_401_says_that_a_token_is_dead(told, forge, status, alive):
    told.answer = says(status, {"login": "ada", "username": "ada"})

    assert SERVERS[forge].is_alive(client_of(forge, told.url), ACCESS) is alive
    assert told.asked[0][2]["Authorization"] == "Bearer at-SENTINEL"


@pytest.mark.parametrize("name", [None, 7, "", "a\nb", "\x1b[2J", "x" * 256, ["ada"]])
def test_a_name_that_cannot_be_shown_is_no_account(told, forge, name):
    told.answer = says(200, {"login": name, "username": name})

    assert SERVERS[forge].account(client_of(forge, told.url), ACCESS) is None


@pytest.mark.usefixtures("impatient")
def test_a_forge_that_does_not_answer_is_given_up_and_asked_once(told, forge):
    told.answer = lambda _request: told.released.wait(30)

    error = fails(lambda: SERVERS[forge].refresh(client_of(forge, told.url), REFRESH))

    assert error.may_have_acted is True
    assert len(told.asked) == 1


@pytest.mark.usefixtures("impatient")
def test_a_forge_that_drips_is_given_up_when_the_time_for_all_of_it_is_over(told):
    drops = []

    def drip(request):
        request.send_response(200)
        request.end_headers()
        while not told.released.wait(0.02):
            request.wfile.write(b" ")
            drops.append(b" ")

    told.answer = drip

    assert fails(lambda: SERVERS["gitlab"].refresh(client_of("gitlab", told.url), REFRESH)).may_have_acted is True
    assert len(drops) < 60  # each came in time, and all of them together took too long


@pytest.mark.usefixtures("impatient")
def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: released.wait(20) and [])
    threading.Timer(3, released.set).start()
    start = time.monotonic()

    fails(lambda: SERVERS["gitlab"].refresh(client_of("gitlab", "http://forge.example.org"), REFRESH))

    assert time.monotonic() - start < 2
    released.set()


def test_an_endless_answer_is_cut_off(told):
    def pour(request):
        request.send_response(200)
        request.end_headers()
        while not told.released.is_set():
            request.wfile.write(b"SENTINEL" * 8_192)

    told.answer = pour

    error = fails(lambda: SERVERS["gitlab"].refresh(client_of("gitlab", told.url), REFRESH))

    assert error.may_have_acted is True
    assert "more than a forge has to say" in error.message


BROKEN = {
    "hangs up": lambda request: request.connection.shutdown(socket.SHUT_RDWR),
    "speaks something else": lambda request: request.wfile.write(b"220 SENTINEL ESMTP\r\n"),
    "stops in the middle": lambda request: request.wfile.write(
        b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"access_token": "SENTINEL"}'
    ),
    "has broken headers": lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nSENTINEL\r\n\r\n{}"),
    "breaks its chunks": lambda request: request.wfile.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSENTINEL\r\n"
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_forge_that_breaks_off_may_have_acted_and_is_not_asked_again(told, forge, how):
    told.answer = BROKEN[how]

    assert fails(lambda: SERVERS[forge].refresh(client_of(forge, told.url), REFRESH)).may_have_acted is True
    assert SERVERS[forge].is_alive(client_of(forge, told.url), ACCESS) is None
    assert [asked[0] for asked in told.asked] == ["POST", "GET"]


OUTCOMES = {
    "given": GIVEN,
    "refused": says(400, {"error": "invalid_grant", "error_description": "SENTINEL"}),
    "failed": says(502, b"SENTINEL"),
    "redirected": says(302, b"", Location="/SENTINEL"),
    **BROKEN,
}


@pytest.mark.parametrize("how", OUTCOMES)
def test_no_log_at_any_level_carries_anything_secret_however_it_ends(told, forge, how, caplog):
    caplog.set_level(logging.DEBUG)
    server, client = SERVERS[forge], client_of(forge, told.url)
    told.answer = OUTCOMES[how]
    asks = (
        lambda: server.exchange(client, SecretValue("code-SENTINEL"), SecretValue("verifier-SENTINEL" + "v" * 40)),
        lambda: server.refresh(client, REFRESH),
        lambda: server.account(client, ACCESS),
        lambda: server.is_alive(client, ACCESS),
        lambda: server.revoke(client, token_of(forge)),
    )

    for ask in asks:
        with suppress(DomainError):
            ask()

    said = [f"{record.name} {record.getMessage()} {record.args!r}" for record in caplog.records]
    quoted = {"redirected", "has broken headers", "breaks its chunks"}  # the HTTP client quotes these, at DEBUG
    assert len(told.asked) >= 4
    assert any(line.startswith("http") for line in said)
    assert how in quoted or [line for line in said if "SENTINEL" in line] == []
    secrets = (SECRET, "code-SENTINEL", "verifier-SENTINEL", REFRESH.reveal(), ACCESS.reveal())
    assert [line for line in said if any(secret in line for secret in secrets)] == []


def test_who_cannot_be_reached_has_not_acted(forge):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = client_of(forge, f"http://127.0.0.1:{free.getsockname()[1]}")

        assert fails(lambda: SERVERS[forge].refresh(client, REFRESH)).may_have_acted is False


def test_a_server_without_tls_where_tls_is_expected_has_not_acted(told):
    client = client_of("gitlab", told.url.replace("http:", "https:"))

    assert fails(lambda: SERVERS["gitlab"].refresh(client, REFRESH)).may_have_acted is False
    assert told.asked == []


@pytest.mark.parametrize("token", ["tök-SENTINEL", "a\r\nX-Evil: SENTINEL", "a\x00SENTINEL"])
def test_a_token_that_no_header_can_hold_is_not_sent_and_is_in_no_error(told, forge, token):
    server, client = SERVERS[forge], client_of(forge, told.url)

    fails(lambda: server.account(client, SecretValue(token)))
    assert server.is_alive(client, SecretValue(token)) is None
    assert told.asked == []
