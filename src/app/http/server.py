"""The server: sockets bound, migrations started, and an orderly end."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import uvicorn

from app.audit import BOOT, acting_as
from app.boot import migrate
from app.container import Container
from app.http.activation import passed_sockets
from app.http.application import build_app
from app.http.boot_migration import BootMigration
from app.http.doors import places_within, raised_descriptor_limit
from app.http.ending import GRACE_S, Ending
from app.http.housekeeper import Housekeeper
from app.http.listening import Listener, listening
from app.http.mount_keeper import MountKeeper
from app.http.orderly_server import OrderlyServer
from app.http.peers import PeerProtocol
from app.http.pulse import begin as begin_pulse
from app.http.readiness import MIGRATING, Readiness
from app.http.tls import tls_context
from app.http.tracing import tracing
from domain.migrations import MigrationReport
from domain.ports import ServiceManager

TURN_S = 0.0005
"""How long a thread that computes keeps the interpreter from one that waits: a tenth of Python's default.

A rotation in one thread would else hold up every answer of the others by 5 ms.
"""

Report = Callable[[MigrationReport], None]
Say = Callable[[str], None]


def serve(container: Container, *, say: Say, on_report: Report) -> int:
    """Serve until told to stop by SIGTERM (returns 0) or SIGINT (130), and close the database.

    `say` is given a line for each address, `on_report` what became of the old files. What does not end in
    time once we are told to stop is cut off, and the process with it. Raises `Invalid` or `Busy` for an
    address that cannot be served, and what ended the boot migrations.
    """
    sys.setswitchinterval(TURN_S)
    manager = container.service_manager()
    tls = tls_context(container.settings(), warn=lambda line: say(f"warning: {line}"))
    with listening(container.settings(), tls=tls, passed=passed_sockets(os.environ)) as listeners:
        readiness = Readiness(MIGRATING)
        housekeeper = Housekeeper(container.run_job(), container.schedule())
        ending = Ending(on_order=manager.stopping, settle=partial(_settle, container), leave=partial(_leave, manager))
        places = places_within(raised_descriptor_limit())
        server = OrderlyServer(_config(container, readiness), listeners, ending, places)
        boot = BootMigration(
            partial(_migrate_at_boot, container),
            readiness,
            on_report=partial(_tell, manager, listeners, housekeeper.start, on_report),
            on_failure=server.stop,
        )
        keeper = MountKeeper(container.reconcile_mounts(), container.mount_watch())
        server.on_listening = partial(_begin, server, manager, readiness, say, (boot.start, keeper.start))
        _run(server, ending, boot, keeper, housekeeper, container)
    if boot.failure is not None:
        raise boot.failure
    return ending.exit_code


def _run(  # noqa: PLR0913, PLR0917 - all that has to end
    server: OrderlyServer,
    ending: Ending,
    boot: BootMigration,
    keeper: MountKeeper,
    housekeeper: Housekeeper,
    container: Container,
) -> None:
    """Run the server to its end, and what it began to theirs. A signal is an order until the database is closed."""
    with ending, _signals_for(server):
        try:
            server.run()
        finally:
            ending.order()
            housekeeper.stop()
            ending.settle()
            if boot.wait(ending.remaining()) and keeper.stop(ending.remaining()) and ending.threads_end():
                container.database().close()
            else:
                ending.cut_off()


def _config(container: Container, readiness: Readiness) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(container, readiness, around=tracing(os.environ)),
        http=PeerProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def _begin(
    server: OrderlyServer,
    manager: ServiceManager,
    readiness: Readiness,
    say: Say,
    others: Sequence[Callable[[], None]],
) -> None:
    for listener in server.listeners:
        say(f"listening on {listener.address}")
    manager.status(MIGRATING)
    server.keep(begin_pulse(manager, readiness))
    for start in others:
        start()


def _tell(
    manager: ServiceManager,
    listeners: Sequence[Listener],
    keep_house: Callable[[], None],
    on_report: Report,
    report: MigrationReport,
) -> None:
    """Say that we are ready, which is so from here on: we listen, and the old files are where they belong."""
    keep_house()
    waiting = f"; old files that need attention: {len(report.attention)}" if report.attention else ""
    manager.status(f"serving on {', '.join(listener.address for listener in listeners)}{waiting}")
    manager.ready()
    on_report(report)


def _settle(container: Container, patience_s: float) -> None:
    """Wait for all refreshes together as long as for one; each that is waited for has the whole time."""
    waiting = threading.Thread(
        target=container.refresh_connection().settle, args=(patience_s,), name="settling", daemon=True
    )
    waiting.start()
    waiting.join(patience_s)


def _leave(manager: ServiceManager, exit_code: int) -> None:
    """End the process. Not told to the log, for what hangs may hang in writing it."""
    manager.status("what did not end in time was cut off")
    os._exit(exit_code)


def _signals_for(server: OrderlyServer) -> ExitStack:
    """Let signals be orders to the server for a `with` block; only the main thread hears them."""
    stack = ExitStack()
    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, each, signal.signal(each, server.handle_exit))
    return stack


def _migrate_at_boot(container: Container) -> MigrationReport:
    with acting_as(BOOT):
        return migrate(container)
