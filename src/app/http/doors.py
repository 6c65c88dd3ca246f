"""How many connections may be open: descriptors are left for the database, and each kind has places of its own."""

import asyncio
import errno
import logging
import resource
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

MOST_TCP = 500
MOST_UNIX = 200
MOST_DESCRIPTORS = 4_096
"""What the soft limit is raised to, if the hard one allows it. Every open connection costs memory, too."""

FOR_THE_REST = 192
"""Descriptors that are no connections of ours: three of SQLite's for each of 40 threads, forges, logs, sockets."""

_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_QUIET_S = 1
_log = logging.getLogger("strongroom.http")


class Complaints:
    """Warnings that anybody can cause at will: at most one a second."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def say(self, line: str, *given: object) -> None:
        """Log a line, unless there was one a moment ago."""
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET_S
            _log.warning(line, *given)

    def of_the_loop(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Say in one line what asyncio says with a stack for each attempt; leave to it what is something else."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR and "socket" in context:
            self.say("a connection cannot be accepted now: %s", error.strerror)
        else:
            loop.default_exception_handler(dict(context))


@dataclass(slots=True)
class Places:
    """The places for connections of one kind, whichever door they come through."""

    kind: str
    most: int
    _taken: list[socket.socket] = field(default_factory=list)

    def take(self, connection: socket.socket) -> bool:
        """Keep a place for a connection until it is closed; tells whether there was one."""
        if len(self._taken) >= self.most:
            self._taken = [each for each in self._taken if each.fileno() >= 0]
        if len(self._taken) >= self.most:
            return False
        self._taken.append(connection)
        return True


class Door(socket.socket):
    """A listening socket that closes at once what it accepts and has no place for."""

    def __init__(self, listening: socket.socket, places: Places, complaints: Complaints) -> None:
        """Take over the descriptor of `listening`, which is closed from then on."""
        super().__init__(fileno=listening.detach())
        self._places = places
        self._complaints = complaints

    @override
    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; raises `ConnectionAbortedError`, at which asyncio turns to what else it has to do."""
        connection, address = super().accept()
        if not self._places.take(connection):
            connection.close()
            self._complaints.say("all %d places for %s are taken", self._places.most, self._places.kind)
            raise ConnectionAbortedError
        return connection, address


def places_within(descriptors: int) -> Mapping[bool, Places]:
    """Return the places for connections over Unix sockets (True) and TCP; fewer if there are few descriptors."""
    free = max(descriptors - FOR_THE_REST, descriptors // 4)
    share = min(1, free / (MOST_TCP + MOST_UNIX))
    return {
        True: Places("peers on Unix sockets", max(1, int(MOST_UNIX * share))),
        False: Places("peers over TCP", max(1, int(MOST_TCP * share))),
    }


def raised_descriptor_limit() -> int:
    """Raise the soft limit on open files towards the hard one, and return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # a sandbox may forbid it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
