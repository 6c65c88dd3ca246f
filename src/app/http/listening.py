"""The sockets that we serve on: bound by ourselves, a Unix socket so that only we may open it, or passed to us."""

import errno
import ipaddress
import os
import socket
import ssl
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from domain.errors import Busy, DomainError, Invalid, Unreachable

_BACKLOG = 2_048
_OURS_ALONE = 0o177
_MISCONFIGURED = frozenset({errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL, errno.ENOENT, errno.ENOTDIR, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that accepts connections, its address for people, and what its connections are wrapped in."""

    socket: socket.socket
    address: str
    tls: ssl.SSLContext | None = None


@contextmanager
def listening(
    settings: Settings, *, tls: ssl.SSLContext | None = None, passed: Sequence[socket.socket] = ()
) -> Iterator[list[Listener]]:
    """Listen for a `with` block: on the sockets that were `passed` to us, else where the settings say.

    Connections over TCP are wrapped in `tls`. Raises `Invalid` for an address that cannot or must not
    be served, `Busy` if it is taken.
    """
    door = _Door(is_safe=tls is not None or settings.behind_proxy, tls=tls)
    with ExitStack() as stack:
        for each in passed:
            stack.enter_context(each)
        listeners = [_adopted(each, door) for each in passed]
        if not passed and settings.port:
            listeners.append(stack.enter_context(_tcp(settings.host, settings.port, door)))
        if not passed and settings.socket is not None:
            listeners.append(stack.enter_context(_unix(settings.socket)))
        if not listeners:
            raise Invalid("there is nothing to listen on", advice="set STRONGROOM_PORT or STRONGROOM_SOCKET")
        yield listeners


@dataclass(frozen=True, slots=True)
class _Door:
    """How TCP connections come in; `is_safe`: nobody on the network reads along."""

    is_safe: bool
    tls: ssl.SSLContext | None

    def listener(self, server: socket.socket, shown: str) -> Listener:
        return Listener(server, f"{'https' if self.tls else 'http'}://{shown}", self.tls)

    def refuse_open(self, host: str) -> None:
        """Raise `Invalid` for an address where tokens would cross the network in the clear."""
        if not self.is_safe and not _is_loopback(host):
            raise Invalid(
                f"{host} is not loopback, and tokens would cross the network in the clear",
                advice="listen on 127.0.0.1; or set STRONGROOM_TLS_CERT_FILE and STRONGROOM_TLS_KEY_FILE; "
                "or STRONGROOM_BEHIND_PROXY=1 if a proxy in front of us speaks TLS",
            )


def _adopted(server: socket.socket, door: _Door) -> Listener:
    """Serve a socket that was bound by whoever started us, and whose file is not ours to remove."""
    name = server.getsockname()
    if server.family == socket.AF_UNIX:
        # A name without a file is bytes that begin with a zero; people and systemd write `@` for it.
        shown = "@" + os.fsdecode(name[1:]) if isinstance(name, bytes) else name
        return Listener(server, f"unix:{shown}")
    door.refuse_open(name[0])
    return door.listener(server, _shown(name[0], name[1]))


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False


@contextmanager
def _tcp(host: str, port: int, door: _Door) -> Iterator[Listener]:
    door.refuse_open(host)
    shown = _shown(host, port)
    with _explained(shown):
        family, kind, protocol, _, address = socket.getaddrinfo(
            "127.0.0.1" if host == "localhost" else host, port, type=socket.SOCK_STREAM
        )[0]
        # With its protocol named, asyncio turns off Nagle's delay for what it accepts: 40 ms an answer.
        server = socket.socket(family, kind, protocol)
    with server:
        with _explained(shown):
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
            server.listen(_BACKLOG)
        yield door.listener(server, shown)


@contextmanager
def _unix(path: Path) -> Iterator[Listener]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        with _explained(str(path)):
            _clear(path)
            _bind_private(server, path)
            server.listen(_BACKLOG)
            bound = path.lstat()
        try:
            yield Listener(server, f"unix:{path}")
        finally:
            with suppress(OSError):
                if os.path.samestat(bound, path.lstat()):
                    path.unlink()


def _bind_private(server: socket.socket, path: Path) -> None:
    """Bind so that the file has mode 0600 from its first moment on."""
    before = os.umask(_OURS_ALONE)
    try:
        server.bind(str(path))
    finally:
        os.umask(before)


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens on any more; raises `Busy` if somebody does, `Invalid` if it is no socket."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise Invalid(f"{path} is there and is no socket", advice="STRONGROOM_SOCKET names another place")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise _in_use(str(path))


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _explanation(address, error) from error


def _explanation(address: str, error: OSError) -> DomainError:
    if error.errno == errno.EADDRINUSE:
        return _in_use(address)
    reason = error.strerror or str(error)
    if error.errno in _MISCONFIGURED or error.errno is None or isinstance(error, socket.gaierror):
        return Invalid(f"cannot listen on {address}: {reason}", advice="check STRONGROOM_HOST, _PORT and _SOCKET")
    return Unreachable(f"cannot listen on {address}: {reason}")


def _in_use(address: str) -> Busy:
    return Busy(
        f"the address {address} is in use",
        advice="another process listens there: stop it, or choose another STRONGROOM_PORT or STRONGROOM_SOCKET",
    )
