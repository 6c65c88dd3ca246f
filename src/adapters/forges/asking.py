"""One question to a forge: 10 seconds in all, no redirect followed, a small answer, and the token in no error."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from domain.errors import Invalid, Unreachable
from domain.ports.credential_check import CredentialRefused
from domain.values import SecretValue, is_token_line

PATIENCE_S = 10.0
_LIMIT = 64 * 1_024
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Site:
    """A forge: its name for people, its base URL and the setting that names it, and where it tells of the user."""

    name: str
    url: str | None
    setting: str
    path: str
    when_forbidden: str


def ask(site: Site, scheme: str, token: SecretValue) -> dict[str, Any]:
    """Return the JSON object that a forge answers to `token`.

    Raises `CredentialRefused`, `Unreachable`, or `Invalid` if no such forge is configured.
    """
    address = _address(site)
    if not (token.reveal().isascii() and is_token_line(token.reveal())):
        raise refused(site)  # it could not be sent, and a header's fault would quote it
    status, content = _answer(site, address, {"Authorization": f"{scheme} {token.reveal()}"})
    if status == HTTPStatus.UNAUTHORIZED:
        raise refused(site)
    if status == HTTPStatus.FORBIDDEN:
        raise CredentialRefused(f"{site.name} does not let this token ask whose it is", advice=site.when_forbidden)
    if status != HTTPStatus.OK:
        raise Unreachable(
            f"{site.name} answers {site.path} with status {status}",
            advice=f"check {site.setting}; no redirect is followed with a token",
        )
    return _parsed(site, content)


def refused(site: Site) -> CredentialRefused:
    """Return the error that says that a forge does not know a token."""
    return CredentialRefused(
        f"{site.name} refuses this token", advice="make a new one there, and see that it was copied whole"
    )


def shown_name(site: Site, name: object) -> str:
    """Return a user's name if it is one that can be shown; raises `Unreachable`."""
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise _not_understood(site)
    return name


def _address(site: Site) -> str:
    if not site.url:
        raise Invalid(f"no {site.name} is configured that could be asked", advice=f"set {site.setting}")
    try:
        parts = urlsplit(site.url)
        is_ours = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        is_ours = False
    if not is_ours:
        raise Invalid(f"{site.setting} is not an http:// or https:// address without a user")
    return site.url.rstrip("/") + site.path


def _answer(site: Site, address: str, credentials: dict[str, str]) -> tuple[int, bytes]:
    """Send the question and return status and body; a deadline over all of it needs an event loop."""
    import asyncio  # noqa: PLC0415 - with the client 100 ms that only those pay who ask
    import ssl  # noqa: PLC0415

    import httpx2  # noqa: PLC0415

    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **credentials}

    async def exchange() -> tuple[int, bytes]:
        async with (
            asyncio.timeout(PATIENCE_S),
            httpx2.AsyncClient(follow_redirects=False, timeout=PATIENCE_S) as client,
            client.stream("GET", address, headers=headers) as response,
        ):
            content = b""
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > _LIMIT:
                    raise _not_understood(site)
            return response.status_code, content

    try:
        return asyncio.run(exchange())
    except (TimeoutError, httpx2.TimeoutException):
        raise Unreachable(f"{site.name} gives no answer within {PATIENCE_S:.0f} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
        raise Unreachable(
            f"{site.name} cannot be reached ({type(error).__name__})", advice=f"check {site.setting} and the network"
        ) from None


def _parsed(site: Site, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _not_understood(site) from None
    if not isinstance(document, dict):
        raise _not_understood(site)
    return document


def _not_understood(site: Site) -> Unreachable:
    return Unreachable(
        f"what answers for {site.name} does not speak as {site.name} does", advice=f"check {site.setting}"
    )
