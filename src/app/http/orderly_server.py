"""uvicorn's server, except that each socket has its own wrapping, and that it ends when it should and not later."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from types import FrameType

import uvicorn
from typing_extensions import override

from app.http.doors import Complaints, Door, Places
from app.http.ending import GRACE_S, LAST_S, Ending
from app.http.listening import Listener

_HANDSHAKE_S = 10
_FAREWELL_S = 3
"""How long a peer may take to say goodbye over TLS. One that keeps a connection idle often says nothing."""

_AT_ONCE = 16
"""How many connections are accepted before the loop turns to something else; asyncio calls that backlog, too."""


class OrderlyServer(uvicorn.Server):
    """Serves `listeners`, and says when it does; a signal ends it by way of `ending`, and not the process.

    `places` are those for connections over Unix sockets (True) and over TCP.
    """

    def __init__(
        self, config: uvicorn.Config, listeners: Sequence[Listener], ending: Ending, places: Mapping[bool, Places]
    ) -> None:
        super().__init__(config)
        self.listeners = listeners
        self._places = places
        self._complaints = Complaints()
        self.on_listening: Callable[[], None] = lambda: None
        self._ending = ending
        self._kept: list[asyncio.Task[None]] = []

    def stop(self) -> None:
        """Stop in an orderly way; may be called from any thread."""
        self.should_exit = True
        self._ending.order()

    def keep(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Keep tasks of the event loop, which itself does not."""
        self._kept.extend(tasks)

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # the application alone: uvicorn would wrap every socket in the same
        asyncio.get_running_loop().set_exception_handler(self._complaints.of_the_loop)
        for each in self.listeners:
            self.servers.append(await self._open(each))
        self.on_listening()

    async def _open(self, listener: Listener) -> asyncio.Server:
        is_unix = listener.socket.family == socket.AF_UNIX
        door = Door(listener.socket, self._places[is_unix], self._complaints)
        server = await asyncio.get_running_loop().create_server(
            self._connection,
            sock=door,
            backlog=_AT_ONCE,
            ssl=listener.tls,
            ssl_handshake_timeout=_HANDSHAKE_S if listener.tls else None,
            ssl_shutdown_timeout=_FAREWELL_S if listener.tls else None,
        )
        door.listen(self.config.backlog)  # the kernel may keep more of them waiting than we accept at once
        return server

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S + LAST_S):
                await super().shutdown()
                if self.force_exit:
                    await self.lifespan.shutdown()  # uvicorn spares itself that, and events would be lost

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        if self.force_exit:
            self._ending.urge()
        else:
            self._ending.order(signal.Signals(sig))

    @override
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals alone: they are handled for longer than the server runs."""
        return nullcontext()

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
