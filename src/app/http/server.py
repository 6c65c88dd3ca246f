"""The server: the resources put together, sockets bound, migrations started, and an orderly end."""

import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from typing_extensions import override

from app.audit import BOOT, acting_as
from app.boot import migrate
from app.container import Container
from app.http.access import Access
from app.http.agents import Agents
from app.http.api_tokens import ApiTokens
from app.http.audit import Audit
from app.http.bodies import BodyLimit
from app.http.boot_migration import BootMigration
from app.http.browsers import Browsers
from app.http.denials import Denials
from app.http.envelope import Envelope
from app.http.gate import Gate
from app.http.health import Health
from app.http.keys import Keys
from app.http.listening import Listener, listening
from app.http.migrations import Migrations
from app.http.oauth import OAuth, OAuthActs
from app.http.peers import PeerProtocol
from app.http.problems import from_protocol
from app.http.readiness import MIGRATING, Readiness
from app.http.secrets import SecretActs, Secrets
from app.http.sessions import Sessions
from domain.migrations import MigrationReport

GRACE_S = 10
"""How long requests, and the boot migrations, may go on after the order to stop."""

REFRESH_GRACE_S = 25
"""How long a refresh that was begun may go on: a forge is given 15 s, and the answer must not be lost."""

TURN_S = 0.0005
"""How long a thread that computes keeps the interpreter from one that waits: a tenth of Python's default.

A rotation in one thread would else hold up every answer of the others by 5 ms.
"""

_INTERRUPTED = 130


def build_app(container: Container, readiness: Readiness) -> Starlette:
    """Return the service over HTTP. Use cases are taken from the container here, not per request."""
    clock = container.clock()
    denials = Denials(container.audit(), clock)
    app = Starlette(
        routes=_routes(container, readiness),
        middleware=[
            Middleware(Envelope),
            Middleware(Gate, readiness=readiness),
            Middleware(Access, authenticate=container.authenticate(), denials=denials, clock=clock),
            Middleware(BodyLimit),
        ],
        exception_handlers={HTTPException: _explain},
        lifespan=partial(_lifetime, denials),
    )
    app.router.redirect_slashes = False  # an empty key or name is not there; no other path stands for it
    return app


@asynccontextmanager
async def _lifetime(denials: Denials, _app: Starlette) -> AsyncIterator[None]:
    yield
    await denials.settle()


def serve(container: Container, *, say: Callable[[str], None], on_report: Callable[[MigrationReport], None]) -> int:
    """Serve until told to stop by SIGTERM (returns 0) or SIGINT (130), and close the database.

    `say` is given a line for each address, `on_report` what became of the old files. Raises
    `Invalid` or `Busy` for an address that cannot be served, and what ended the boot migrations.
    """
    sys.setswitchinterval(TURN_S)
    with listening(container.settings()) as listeners:
        readiness = Readiness(MIGRATING)
        server = _Server(_config(build_app(container, readiness)))
        move_in = partial(_migrate_at_boot, container)
        boot = BootMigration(move_in, readiness, on_report=on_report, on_failure=server.stop)
        server.on_listening = partial(_begin, listeners, boot, say)
        try:
            server.run([listener.socket for listener in listeners])
        finally:
            container.refresh_connection().settle(REFRESH_GRACE_S)
            if boot.wait(GRACE_S):
                container.database().close()
    if boot.failure is not None:
        raise boot.failure
    return _INTERRUPTED if server.stopped_by is signal.SIGINT else 0


class _Server(uvicorn.Server):
    """uvicorn's server, except that it says when it listens, and that a signal ends it and not the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_listening: Callable[[], None] = lambda: None
        self.stopped_by: signal.Signals | None = None

    def stop(self) -> None:
        """Stop in an orderly way; may be called from any thread."""
        self.should_exit = True

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_listening()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stopped_by = self.stopped_by or signal.Signals(sig)
        super().handle_exit(sig, frame)

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Handle signals without raising them again afterwards: the database is still to be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def _begin(listeners: list[Listener], boot: BootMigration, say: Callable[[str], None]) -> None:
    for listener in listeners:
        say(f"listening on {listener.address}")
    boot.start()


def _migrate_at_boot(container: Container) -> MigrationReport:
    with acting_as(BOOT):
        return migrate(container)


def _routes(container: Container, readiness: Readiness) -> list[BaseRoute]:
    settings, clock, ledger = container.settings(), container.clock(), container.ledger()
    secrets, migrations = container.secrets(), container.migrate()
    resources = (
        Health(readiness, ledger, container.audit()),
        Sessions(container.sessions(), container.prune_sessions(), ttl_days=settings.session_ttl_days),
        Secrets(secrets, container.secret_history(), _secret_acts(container)),
        Agents(secrets, container.rotate_agent_token()),
        OAuth(_oauth_acts(container), Browsers(settings.public_url)),
        Keys(container.key_status(), container.rotate_data_keys()),
        Migrations(
            ledger,
            [migration.id for migration in migrations.migrations],
            run=partial(migrate, container),
            plan=partial(migrations, dry_run=True),
        ),
        ApiTokens(container.api_tokens(), container.create_api_token(), clock),
        Audit(container.read_audit()),
    )
    return [route for each in resources for route in each.routes()]


def _secret_acts(container: Container) -> SecretActs:
    return SecretActs(
        read=container.read_secret(),
        store=container.store_secret(),
        roll_back=container.rollback_secret(),
        find_damage=container.find_damage(),
        last_acts=container.last_acts(),
    )


def _oauth_acts(container: Container) -> OAuthActs:
    return OAuthActs(
        look=container.look_at_connection(),
        begin=container.begin_authorization(),
        finish=container.finish_authorization(),
        refresh=container.refresh_connection(),
        give_out=container.give_out_access_token(),
        disconnect=container.disconnect(),
    )


async def _explain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return from_protocol(error)
