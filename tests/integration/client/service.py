"""A real server in a thread, on a Unix socket and on TCP, and stores of services that it serves in turn."""

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from anyio.from_thread import start_blocking_portal
from dependency_injector import providers

from adapters.memory import ManualClock, MemorySecretHistory, MemorySecretStore, MemorySessionStore
from app.boot import open_service
from app.client import AsyncStrongroomClient, StrongroomClient
from app.container import Container
from app.http.application import build_app
from app.http.peers import PeerProtocol
from app.http.readiness import Readiness
from app.setting_sources import load_settings
from domain.migrations import MigrationReport
from tests.support.memory_service import MemoryService

CLIENT_ID = "us"
"""What the service is registered as at GitLab."""

_PATIENCE_S = 30


class Server:
    """Answers for whatever application it is given at the time."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "s.sock")
        self._unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._unix.bind(self.socket)
        # With its protocol named, asyncio turns off Nagle's delay for what it accepts.
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._tcp.bind(("127.0.0.1", 0))
        for each in (self._unix, self._tcp):
            each.listen()
        self.url = f"http://127.0.0.1:{self._tcp.getsockname()[1]}"
        self.app = None
        self.seen = []
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                interface="asgi3",
                lifespan="off",
                http=PeerProtocol,
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
            )
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with asyncio.Runner() as runner:
            runner.run(self._server.serve([self._unix, self._tcp]))

    async def _answer(self, scope, receive, send):
        self.seen.append(f"{scope['method']} {scope['raw_path'].decode()}")
        await self.app(scope, receive, send)

    @contextmanager
    def serving(self, app):
        """Answer for `app` for a `with` block."""
        self.app, self.seen = app, []
        yield
        self.app = None

    def close(self):
        self._server.should_exit = True
        self._thread.join(_PATIENCE_S)
        for each in (self._unix, self._tcp):
            each.close()


@dataclass(frozen=True)
class Service:
    """A service that is served, and the two ways to it."""

    container: Container
    server: Server

    @property
    def over_socket(self):
        """As our own user, who needs no token."""
        return {"socket": self.server.socket}

    @property
    def over_tcp(self):
        return {"url": self.server.url, "token": self.new_token("admin")}

    def new_token(self, *grants):
        return self.container.create_api_token()("a test", grants)[1].reveal()


@contextmanager
def a_service(server, home, clock=None, *, rate_limit=0):
    """Open the service of the directories below `home`, at the time of `clock`, and have `server` answer for it."""
    flags = {"state_dir": home / "state", "config_dir": home / "config", "rate_limit": rate_limit}
    flags["gitlab_client_id"] = CLIENT_ID
    container = open_service(load_settings({}, flags))
    container.clock.override(providers.Object(clock or ManualClock()))
    for store in (container.sessions, container.unaudited_secrets, container.secrets):
        store.reset()  # it may have been made already, with the clock of the system
    with _served(server, container) as service:
        yield service
    container.database().close()


@contextmanager
def a_service_in_memory(server, clock):
    """A service with every port in memory, at the time of `clock`, for which `server` answers."""
    container, secrets = MemoryService().container, MemorySecretStore(clock)
    for provider, port in (
        (container.clock, clock),
        (container.sessions, MemorySessionStore(clock)),
        (container.unaudited_secrets, secrets),
        (container.unaudited_secret_history, MemorySecretHistory(secrets)),
    ):
        provider.override(providers.Object(port))
    with _served(server, container) as service:
        yield service


@contextmanager
def _served(server, container):
    readiness = Readiness()
    readiness.settle(MigrationReport(dry_run=False))
    with server.serving(build_app(container, readiness)):
        yield Service(container, server)


@contextmanager
def store_of(kind, where):
    """A store of a client, `sessions` or `secrets`; a plain function of text, so that processes can be handed one."""
    with StrongroomClient(**where) as client:
        yield getattr(client, kind)


class Waited:
    """A store of the asynchronous client, made to wait."""

    def __init__(self, portal, store):
        self._portal = portal
        self._store = store

    def __getattr__(self, method):
        awaited = getattr(self._store, method)

        def call(*args, **kwargs):
            # A generator that asks the store while it is merged would wait for the very loop that runs it.
            args = [list(arg) if hasattr(arg, "__next__") else arg for arg in args]
            return self._portal.call(lambda: awaited(*args, **kwargs))

        return call


@contextmanager
def awaited_store_of(kind, where):
    """A store of the asynchronous client, on an event loop of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(AsyncStrongroomClient(**where)) as client:
        yield Waited(portal, getattr(client, kind))


@contextmanager
def a_server(directory):
    with closing(Server(directory)) as server:
        yield server
