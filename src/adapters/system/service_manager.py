"""systemd as the service manager: its protocol is a datagram with a line for each fact (sd_notify(3))."""

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from typing_extensions import override

from domain.ports import ServiceManager

_SECOND_US = 1_000_000
_PATIENCE_S = 1.0
_DIGITS = 18
_LINE = 500


class SystemdServiceManager(ServiceManager):
    """Reads its variables once and removes them, so that no program that we start speaks in our name."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        self._address = _address(environ.pop("NOTIFY_SOCKET", ""))
        pid, interval = environ.pop("WATCHDOG_PID", ""), environ.pop("WATCHDOG_USEC", "")
        self._patience_us = _number(interval) if self._address and pid in ("", str(os.getpid())) else 0

    @property
    @override
    def patience_s(self) -> float | None:
        return self._patience_us / _SECOND_US or None

    @override
    def status(self, line: str) -> None:
        self._tell(f"STATUS={' '.join(line.split())[:_LINE]}")

    @override
    def needs(self, seconds: float) -> None:
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * _SECOND_US)}")

    @override
    def ready(self) -> None:
        self._tell("READY=1")

    @override
    def alive(self) -> None:
        self._tell("WATCHDOG=1", patience_s=0)  # the next one follows soon, and the event loop must not wait

    @override
    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, fact: str, *, patience_s: float = _PATIENCE_S) -> None:
        if not self._address:
            return
        # Whoever started us may be gone, or too busy; that must not end the service.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.settimeout(patience_s)
            to.connect(self._address)
            to.send(fact.encode("utf-8", "replace"))


def _address(named: str) -> bytes:
    """Return a socket's address: a path, or after `@` a name without a file (unix(7)); nothing for other kinds."""
    if named.startswith("@"):
        return b"\0" + os.fsencode(named[1:])
    return os.fsencode(named) if named.startswith("/") else b""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0
