"""What is sent and what comes back, without a wire: a call is a generator that yields requests and is sent answers."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

from domain.errors import Invalid

LIMIT = 1_048_576
"""The most bytes of a body that the service takes."""

T = TypeVar("T")
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `target` is path and query, encoded; the body, which may hold a secret, is not shown."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; no form of it shows more than the status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


Conversation = Generator[Request, Answer, T]
"""A call: it may ask nothing, once, or page by page; what it returns is the call's result."""


class NotUnderstood(Exception):
    """An answer is none that the service gives; says what is odd, and nothing that was in it."""


def path(*steps: str) -> str:
    """Return a path in which each step is one, whatever it holds: slashes and dots in it lead nowhere."""
    return "".join(f"/{quote(step, safe=':')}" for step in steps)


def query(**members: str | int | None) -> str:
    """Return a query; what is None is left out."""
    given = {name: value for name, value in members.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote)}" if given else ""


def sending(method: str, target: str, document: object, headers: Mapping[str, str] = _NOTHING) -> Request:
    """Return a request with a JSON body; raises `Invalid` if it is longer than the service takes."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > LIMIT:
        raise Invalid(
            f"that is {len(body)} bytes to send, and the service takes {LIMIT} at once",
            advice="send it in several calls; each is all or none by itself",
        )
    return Request(method, target, {"Content-Type": "application/json", **headers}, body)
