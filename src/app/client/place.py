"""Where the service is, and whether a token may be sent there."""

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from domain.errors import Invalid
from domain.values import SecretValue, has_control, is_base_url

PathLike = str | os.PathLike[str]

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_PATH = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*/?")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Place:
    """An address for people, the base of every URL there, and the socket where it is one."""

    address: str
    base: str
    socket: str | None = None

    @property
    def speaks_tls(self) -> bool:
        """Whether the service shows a certificate there."""
        return self.base.startswith("https:")


def place_of(url: str | None, socket: PathLike | None, *, allow_cleartext: bool) -> Place:
    """Return the place that `url` or `socket` names; raises `Invalid` for none, both, and one that is not safe."""
    if (url is None) == (socket is None):
        raise Invalid("a client needs an address", advice="either a URL or socket=, one of them")
    if url is not None:
        return _at_url(url, allow_cleartext=allow_cleartext)
    path = os.fspath(socket or "")
    if not path or has_control(path):
        raise Invalid("socket= is not the path of a Unix socket", advice="what STRONGROOM_SOCKET says")
    return Place(f"unix:{path}", "http://strongroom", path)


def parse_token(token: str | None, place: Place) -> SecretValue | None:
    """Return the API token for `place`; raises `Invalid`. Only a Unix socket knows its peers without one."""
    if token is None:
        if place.socket is None:
            raise Invalid("a client needs an API token", advice="`strongroom api-tokens create` makes one; give token=")
        return None
    if not _TOKEN.fullmatch(token):
        raise Invalid("token= is not an API token", advice="srt_… alone: no line end, no blank before or behind it")
    return SecretValue(token)


def _at_url(url: str, *, allow_cleartext: bool) -> Place:
    parts = urlsplit(url) if is_base_url(url) and url.isprintable() else None
    if parts is None or not _HOST.fullmatch(parts.hostname or "") or not _PATH.fullmatch(parts.path):
        raise Invalid(
            "that is not an address of the service",
            advice="such as http://127.0.0.1:8787 or https://strongroom.example",
        )
    host = _host(parts)
    base = f"{parts.scheme}://{_netloc(host, parts.port)}{parts.path.rstrip('/')}"
    if parts.scheme == "http" and not allow_cleartext and not _is_loopback(host):
        raise Invalid(
            f"{host} is not loopback, and token and secrets would cross the network in the clear",
            advice="use https://, or allow_cleartext=True where the network between is your own",
        )
    return Place(base, base)


def _host(parts: SplitResult) -> str:
    """Return the host. `localhost` is the one address that the service takes it for: at another may be another's."""
    host = parts.hostname or ""
    return "127.0.0.1" if host == "localhost" and parts.scheme == "http" else host


def _netloc(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
