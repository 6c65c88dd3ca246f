"""What the clients do on the wire: who is told what, and what is said when nothing, or something odd, comes back."""

import asyncio
import json
import logging
import socket
import ssl
import threading
from contextlib import closing, contextmanager, suppress
from functools import partial

import httpx2
import pytest

from app.client import AsyncStrongroomClient, StrongroomClient
from domain.errors import DomainError, NotAllowed, Unauthenticated, Unreachable
from tests.contracts.session_samples import KEY
from tests.integration.client.certificates import an_authority
from tests.integration.client.stub import a_stub

TOKEN = "srt_SENTINEL0sesame"
NOT_FOUND = json.dumps({"code": "not_found", "detail": "no session has that key"})


@pytest.fixture
def stub():
    with a_stub() as stub:
        yield stub


def ask(**where):
    """Get a session by the client that waits."""
    with StrongroomClient(**where) as client:
        return client.sessions.get(KEY)


def ask_awaiting(**where):
    """Get a session by the client that is awaited."""

    async def get():
        async with AsyncStrongroomClient(**where) as client:
            return await client.sessions.get(KEY)

    return asyncio.run(get())


both = pytest.mark.parametrize("ask", [ask, ask_awaiting], ids=["waiting", "awaiting"])


def unreachable(ask, **where):
    with pytest.raises(Unreachable) as caught:
        ask(**where)
    error = caught.value
    assert "SENTINEL" not in f"{error} {error!r} {error.advice}"
    assert (error.__cause__, error.__context__) == (None, None)
    assert error.advice
    return error


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@both
def test_the_token_is_sent_as_a_bearer_token_and_nothing_else_knows_it(ask, stub):
    stub.problem(404, NOT_FOUND)

    assert ask(url=stub.url, token=TOKEN) is None

    (asked,) = stub.asked
    lines = asked.split("\r\n")
    assert lines[0] == "GET /sessions/forgejo:reviewer:acme%2Fapi:42 HTTP/1.1"
    assert [line for line in lines if "SENTINEL" in line] == [f"Authorization: Bearer {TOKEN}"]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the HTTP library leaves it to the collector
@both
def test_a_service_that_is_not_there_is_named_with_what_to_look_at(ask, tmp_path):
    url, path = free_address(), tmp_path / "s.sock"

    over_tcp, over_socket = unreachable(ask, url=url, token=TOKEN), unreachable(ask, socket=path)

    assert over_tcp.message.startswith(f"{url} cannot be reached: ")
    assert "STRONGROOM_PORT" in over_tcp.advice
    assert over_socket.message == f"unix:{path} cannot be reached: No such file or directory"
    assert "STRONGROOM_SOCKET" in over_socket.advice


@both
def test_a_service_that_does_not_answer_is_waited_for_no_longer_than_was_said(ask):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = unreachable(ask, url=f"http://127.0.0.1:{silent.getsockname()[1]}", token=TOKEN, timeout_s=0.2)

    assert error.message.endswith("gives no answer within 0.2 seconds")
    assert "look before you repeat it" in error.advice


def test_each_step_of_a_request_is_given_the_time_that_was_said(stub, mocker):
    sent = mocker.spy(httpx2.HTTPTransport, "handle_request")
    stub.problem(404, NOT_FOUND)

    ask(url=stub.url, token=TOKEN, timeout_s=7)

    assert sent.call_args.args[1].extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 7)


@both
@pytest.mark.parametrize(
    "said",
    [b"", b"SENTINEL\r\n\r\n", b"HTTP/1.1 200 x\r\nSENTINEL\r\n\r\n", b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n{"],
    ids=["nothing", "no HTTP", "a broken header", "half a body"],
)
def test_an_answer_that_breaks_off_may_have_been_for_something_done(ask, stub, said):
    stub.answer = said

    error = unreachable(ask, url=stub.url, token=TOKEN)

    assert error.message.startswith(f"{stub.url} broke off: ")
    assert "look before you repeat it" in error.advice


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(ask, stub, status):
    with a_stub() as elsewhere:
        elsewhere.problem(404, NOT_FOUND)
        stub.says(status, b"", f"Location: {elsewhere.url}/SENTINEL")

        error = unreachable(ask, url=stub.url, token=TOKEN)

        assert elsewhere.asked == []
    assert len(stub.asked) == 1
    assert f"status {status}" in error.message
    assert "redirect" in error.advice


@both
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment_sees_a_token(ask, stub, variable, monkeypatch):
    stub.problem(404, NOT_FOUND)
    with a_stub() as proxy:
        monkeypatch.setenv(variable, proxy.url)

        ask(url=stub.url, token=TOKEN)

        assert proxy.asked == []
    assert len(stub.asked) == 1


@both
def test_what_something_else_answers_is_not_taken_for_ours(ask, stub):
    for status in (200, 401, 404, 502):
        stub.says(status, b"<html>SENTINEL", "Content-Type: text/html")

        assert unreachable(ask, url=stub.url, token=TOKEN).message.startswith(f"{stub.url} answers with ")


def test_cookies_are_not_kept(stub):
    stub.problem(404, NOT_FOUND, "Set-Cookie: a=b; Path=/")

    with StrongroomClient(stub.url, token=TOKEN) as client:
        client.sessions.get(KEY)
        client.sessions.get(KEY)

    assert len(stub.asked) == 2
    assert "cookie" not in "".join(stub.asked).lower()


@both
def test_no_log_at_any_level_carries_the_token_or_a_value(ask, stub, caplog):
    caplog.set_level(logging.DEBUG)
    secret = {"name": "a", "value": "SENTINEL", "version": 1, "created_at": 1, "updated_at": 1, "expires_at": None}
    stub.says(200, json.dumps(secret).encode(), "Content-Type: application/json")

    with StrongroomClient(stub.url, token=TOKEN) as client:
        assert client.secrets.get("a").value.reveal() == "SENTINEL"
        client.secrets.set("a", "SENTINEL")
    for where in ({"url": stub.url}, {"url": free_address()}):
        with suppress(DomainError):
            ask(token=TOKEN, **where)

    said = [f"{record.name} {record.getMessage()} {record.args!r}" for record in caplog.records]
    assert any(line.startswith("httpcore2") for line in said)
    assert [line for line in said if "SENTINEL" in line] == []


@both
def test_a_wrong_token_and_one_without_a_grant_are_told_apart(ask, service):
    poor = service.new_token("read:/secrets/*")

    with pytest.raises(Unauthenticated) as unknown:
        ask(url=service.server.url, token=TOKEN)
    with pytest.raises(NotAllowed) as not_allowed:
        ask(url=service.server.url, token=poor)

    for error in (unknown.value, not_allowed.value):
        assert not any(secret in f"{error!r} {error.advice}" for secret in ("SENTINEL", poor))


@contextmanager
def over_tls(authority):
    """A server that shows a certificate of `authority` for 127.0.0.1, and answers that nothing is there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=partial(_answer_once, listener, context))
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(30)


def _answer_once(listener, context):
    body = NOT_FOUND.encode()
    head = f"HTTP/1.1 404 x\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection, _ = listener.accept()
    with suppress(OSError), closing(context.wrap_socket(connection, server_side=True)) as secured:
        secured.recv(65_536)
        secured.sendall(head.encode() + body)


@both
def test_a_private_authority_is_trusted_where_it_is_named(ask, tmp_path):
    authority = an_authority(tmp_path)

    with over_tls(authority) as url:
        assert ask(url=url, token=TOKEN, verify=authority.file) is None


@both
def test_a_certificate_of_an_unknown_authority_is_refused_with_what_to_do(ask, tmp_path):
    with over_tls(an_authority(tmp_path)) as url:
        error = unreachable(ask, url=url, token=TOKEN)

    assert "certificate" in error.message
    assert "verify=" in error.advice


def test_threads_share_one_client(service):
    with StrongroomClient(**service.over_tcp) as client:
        threads = [threading.Thread(target=client.sessions.set, args=(f"{KEY}{n}", "first")) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert client.sessions.count() == 20
