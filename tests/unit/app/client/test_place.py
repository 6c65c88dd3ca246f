import pytest

from app.client import AsyncStrongroomClient, StrongroomClient
from domain.errors import Invalid

TOKEN = "srt_SENTINEL0sesame"
CLIENTS = [StrongroomClient, AsyncStrongroomClient]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://127.0.0.1:8787/", "http://127.0.0.1:8787"),
        ("http://localhost:8787", "http://127.0.0.1:8787"),
        ("http://127.8.0.1", "http://127.8.0.1"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("https://strongroom.example", "https://strongroom.example"),
        ("https://proxy.example:8443/strong/room/", "https://proxy.example:8443/strong/room"),
        ("HTTPS://Strongroom.Example", "https://strongroom.example"),
    ],
)
def test_a_safe_address_is_taken_and_shown_without_the_token(client, url, address):
    made = client(url, token=TOKEN)

    assert repr(made) == f"{client.__name__}('{address}')"
    assert "SENTINEL" not in f"{made} {made!r} {made.__dict__} {made._wire.__dict__}"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:8787", "http://strongroom.example", "http://0.0.0.0:8787", "http://localhost.example"]
)
def test_cleartext_beyond_loopback_is_refused_unless_it_is_asked_for(client, url):
    with pytest.raises(Invalid, match="in the clear"):
        client(url, token=TOKEN)

    assert url in repr(client(url, token=TOKEN, allow_cleartext=True))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8787",
        "ftp://127.0.0.1",
        "http://",
        "http://SENTINEL@127.0.0.1",
        "http://127.0.0.1:8787?x=SENTINEL",
        "http://127.0.0.1:8787#SENTINEL",
        "http://127.0.0.1\\SENTINEL",
        "http://127.0.0.1%2fSENTINEL",
        "http://127.0.0.1:8787/../SENTINEL",
        "http://127.0.0.1:8787/a b/SENTINEL",
        "http://127.0.0.1:8787/%2e%2e/SENTINEL",
        "http://127.0.0.1\n:8787/SENTINEL",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://ünïcode.example",
    ],
    ids=ascii,
)
def test_what_is_no_address_is_refused_and_not_repeated(url):
    with pytest.raises(Invalid) as refused:
        StrongroomClient(url, token=TOKEN, allow_cleartext=True)

    assert "SENTINEL" not in f"{refused.value} {refused.value.advice}"


@pytest.mark.parametrize(
    "token", ["", " ", "a\nSENTINEL", "SENTINEL\n", "SENTINEL x", "SENTINÉL", "SENTINEL\x00"], ids=ascii
)
def test_what_no_header_can_hold_is_no_token_and_is_not_repeated(token):
    with pytest.raises(Invalid) as refused:
        StrongroomClient("http://127.0.0.1:8787", token=token)

    assert "SENTINEL" not in f"{refused.value!r} {refused.value.advice}"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"token": TOKEN},
        {"url": "http://127.0.0.1:8787"},
        {"url": "http://127.0.0.1:8787", "socket": "/s.sock", "token": TOKEN},
        {"socket": ""},
        {"socket": "/s\x00.sock"},
        {"socket": "/s.sock", "timeout_s": 0},
        {"socket": "/s.sock", "timeout_s": float("nan")},
        {"socket": "/s.sock", "timeout_s": float("inf")},
        {"socket": "/s.sock", "verify": "/ca.pem"},
        {"url": "http://127.0.0.1:8787", "token": TOKEN, "verify": "/ca.pem"},
        {"url": "https://127.0.0.1:8787", "token": TOKEN, "verify": "/there/is/no/ca.pem"},
        {"url": "https://127.0.0.1:8787", "token": TOKEN, "verify": __file__},
    ],
    ids=range(13),
)
def test_arguments_that_do_not_fit_are_invalid(arguments):
    with pytest.raises(Invalid) as refused:
        StrongroomClient(**arguments)

    assert "SENTINEL" not in f"{refused.value} {refused.value.advice}"


def test_a_socket_needs_no_token(tmp_path):
    assert repr(StrongroomClient(socket=tmp_path / "s.sock")) == f"StrongroomClient('unix:{tmp_path}/s.sock')"
