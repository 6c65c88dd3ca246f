"""One question to a forge: 10 seconds in all, no redirect followed, a small answer, and the token in no error."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from adapters.forges.wire import Answer, request
from domain.errors import ForgeFailed, Invalid, Unreachable
from domain.ports.credential_check import CredentialRefused
from domain.values import SecretValue, is_base_url, is_token_line

PATIENCE_S = 10.0
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
    answer = _answer(site, address, scheme, token)
    status = answer.status
    if status == HTTPStatus.UNAUTHORIZED:
        raise refused(site)
    if status == HTTPStatus.FORBIDDEN:
        raise CredentialRefused(f"{site.name} does not let this token ask whose it is", advice=site.when_forbidden)
    if status != HTTPStatus.OK:
        raise Unreachable(
            f"{site.name} answers {site.path} with status {status}",
            advice=f"check {site.setting}; no redirect is followed with a token",
        )
    return _parsed(site, answer.content)


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
    if not is_base_url(site.url):
        raise Invalid(f"{site.setting} is not an http:// or https:// address without a user")
    return site.url.rstrip("/") + site.path


def _answer(site: Site, address: str, scheme: str, token: SecretValue) -> Answer:
    try:
        return request(site.name, "GET", address, token=token, scheme=scheme, within_s=PATIENCE_S)
    except ForgeFailed as error:
        fault = Unreachable(error.message, advice=error.advice)
    raise fault


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
