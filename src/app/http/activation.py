"""Sockets that the service manager bound before it started us (sd_listen_fds(3))."""

import os
import socket
from collections.abc import MutableMapping

from domain.errors import Invalid

_FIRST = 3
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
_DIGITS = 6
_ADVICE = "in the .socket unit: ListenStream= and Accept=no"


def passed_sockets(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """Take over the sockets that were passed to this very process; none are for another one.

    The variables are removed, so that no program that we start takes the sockets for its own. Raises
    `Invalid` if something else than a listening stream socket was passed.
    """
    pid, number, *_ = (environ.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()):
        return []
    if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
        raise Invalid("LISTEN_FDS is not a number of sockets", advice=_ADVICE)
    return [_taken(descriptor) for descriptor in range(_FIRST, _FIRST + int(number))]


def _taken(descriptor: int) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only parameter
        taken = socket.socket(fileno=descriptor)
    except OSError as error:
        raise Invalid(f"descriptor {descriptor} was passed to us and is no socket", advice=_ADVICE) from error
    if not _listens(taken):
        taken.close()
        raise Invalid(f"descriptor {descriptor} is no stream socket that listens", advice=_ADVICE)
    return taken


def _listens(taken: socket.socket) -> bool:
    """Tell whether connections can be accepted; a unit with `Accept=yes` passes one that was."""
    return (
        taken.family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
        and taken.type == socket.SOCK_STREAM
        and bool(taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    )
