"""The server: sockets bound, migrations started, and an orderly end."""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override

from app.audit import BOOT, acting_as
from app.boot import migrate
from app.container import Container
from app.http.application import build_app
from app.http.boot_migration import BootMigration
from app.http.listening import Listener, listening
from app.http.peers import PeerProtocol
from app.http.readiness import MIGRATING, Readiness
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
