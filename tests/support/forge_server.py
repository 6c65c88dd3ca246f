"""A forge on the loopback address that answers as it is told, and writes down what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NOBODY = {"id": "00000000-0000-0000-0000-000000000000", "fullname": "Anonymous User"}


class ForgeServer:
    """`answer` is called with the request's handler; `asked` lists (method, path, Authorization)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = says(404, {})
        self.released = threading.Event()
        self.url = ""

    def play_forgejo(self, tokens: dict[str, str]) -> None:
        """Know `tokens`, each with the login name of its owner."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            login = tokens.get(request.headers.get("Authorization", "").removeprefix("token "))
            known = login is not None and request.path == "/api/v1/user"
            says(200 if known else 401, {"id": 7, "login": login} if known else {"message": "invalid"})(request)

        self.answer = answer

    def play_penpot(self, tokens: dict[str, str]) -> None:
        """Know `tokens`, each with its owner's address; to all others Penpot shows nobody's profile."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            email = tokens.get(request.headers.get("Authorization", "").removeprefix("Token "))
            found = request.path == "/api/rpc/command/get-profile"
            says(200 if found else 404, {"id": "6f1d5c1e", "email": email} if email else NOBODY)(request)

        self.answer = answer


def says(status: int, body: object, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with `status` and `body`: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


@contextmanager
def a_forge_server() -> Iterator[ForgeServer]:
    """Serve on a free port for a `with` block."""
    forge = ForgeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            forge.asked.append((self.command, self.path, self.headers.get("Authorization")))
            with suppress(BrokenPipeError, ConnectionResetError):  # the caller has heard enough
                forge.answer(self)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        forge.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
