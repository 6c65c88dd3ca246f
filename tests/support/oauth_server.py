"""A token endpoint that answers as it is told, byte for byte, and writes down what it was sent."""

import threading
import traceback
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qsl

import pytest

from adapters.forges import ForgejoAuthorizationServer, GithubAuthorizationServer, GitlabAuthorizationServer
from domain.errors import ForgeFailed
from domain.oauth import OAuthClient, OAuthToken
from domain.values import SecretValue
from tests.support.forge_server import says

SERVERS = {
    "forgejo": ForgejoAuthorizationServer(),
    "github": GithubAuthorizationServer(),
    "gitlab": GitlabAuthorizationServer(),
}
TOKEN_PATHS = {"forgejo": "/login/oauth/access_token", "github": "/login/oauth/access_token", "gitlab": "/oauth/token"}
SECRET = 'cs-SENTINEL/+ &=%"~ü'
GIVEN = says(200, {"access_token": "access-SENTINEL", "token_type": "bearer", "expires_in": 60})
REFRESH, ACCESS = SecretValue("rt-SENTINEL"), SecretValue("at-SENTINEL")


class Told:
    """`answer` is called with each request's handler; `asked` holds (method, path, headers, body)."""

    def __init__(self):
        self.asked, self.answer, self.released, self.url = [], GIVEN, threading.Event(), ""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        """Bind without asking a name server what this machine is called, which takes longer than a test."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


@contextmanager
def a_told_forge():
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.command, self.path, self.headers, body.decode()))
            with suppress(OSError):  # the caller has heard enough
                told.answer(self)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def client_of(forge, base_url, *, secret=SECRET):
    return OAuthClient(
        forge=forge,
        base_url=base_url,
        id="id of ours/1",
        secret=SecretValue(secret) if secret else None,
        redirect_uri=f"https://rooms.example.org/oauth/{forge}/callback?a=1",
        scopes=("api",),
    )


def token_of(forge, *, refresh=True):
    return OAuthToken(forge_type=forge, access_token=ACCESS, refresh_token=REFRESH if refresh else None)


def form(asked):
    return dict(parse_qsl(asked[3], keep_blank_values=True, strict_parsing=True))


def said_in(error):
    """Everything that an error may show, what it came from and the traceback included."""
    lines = traceback.format_exception(error)
    while error is not None:
        lines.append(f"{error} {error!r} {error.args} {getattr(error, 'advice', '')}")
        error = error.__cause__ or error.__context__
    return " ".join(lines)


def fails(call, kind=ForgeFailed):
    with pytest.raises(kind) as caught:
        call()
    assert "SENTINEL" not in said_in(caught.value)
    return caught.value
