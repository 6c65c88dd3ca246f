"""What went wrong on the way, told by its kind: what an exception says may quote what was sent."""

import ssl
from collections.abc import Iterator

import httpx2

from app.client.exchange import NotUnderstood
from app.client.line import Line
from app.client.place import Place
from domain.errors import Unreachable

FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, OSError)
"""What a request that was not answered ends with."""

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
_LOOK_FIRST = "it may have been done all the same: look before you repeat it"


def no_answer(line: Line, error: Exception) -> Unreachable:
    """Say that there was no answer, and why."""
    address = line.place.address
    reason = next(_reasons(error), type(error).__name__)
    if isinstance(error, _NOT_SENT):
        return Unreachable(f"{address} cannot be reached: {reason}", advice=_advice(line.place, error))
    if isinstance(error, httpx2.TimeoutException):
        return Unreachable(f"{address} gives no answer within {line.timeout_s:g} seconds", advice=_LOOK_FIRST)
    return Unreachable(f"{address} broke off: {reason}", advice=_LOOK_FIRST)


def not_ours(line: Line, odd: NotUnderstood) -> Unreachable:
    """Say that what answers there is not the service."""
    return Unreachable(
        f"{line.place.address} {odd}",
        advice="is that the service itself, in a version that fits? A redirect is never followed",
    )


def _advice(place: Place, error: Exception) -> str:
    if any(isinstance(each, ssl.SSLError) for each in _chain(error)):
        return "verify= names a file with the certificate authority that the service's certificate is from"
    where = "STRONGROOM_SOCKET" if place.socket else "STRONGROOM_HOST and STRONGROOM_PORT"
    return f"see that `strongroom serve` runs there, and what {where} says"


def _reasons(error: Exception) -> Iterator[str]:
    """Yield what the operating system says of it, which quotes nothing."""
    return (each.strerror for each in _chain(error) if isinstance(each, OSError) and each.strerror)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
