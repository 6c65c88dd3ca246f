"""How to reach the service, and as whom: what a client is told when it is made, checked."""

import os
from dataclasses import dataclass

from app.client.place import PathLike, Place, parse_token, place_of
from domain.errors import Invalid
from domain.values import SecretValue

PATIENCE_S = 30.0
"""Longer than the 15 s that a forge is given: an access token may have to be refreshed first."""

_LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`authority` is the path of a file with the certificate authority to trust instead of the system's."""

    place: Place
    token: SecretValue | None
    timeout_s: float
    authority: str | None


def line_to(  # noqa: PLR0913 - what a client's constructor takes
    url: str | None,
    *,
    token: str | None,
    socket: PathLike | None,
    timeout_s: float,
    verify: PathLike | None,
    allow_cleartext: bool,
) -> Line:
    """Return the line that the arguments of a client's constructor describe; raises `Invalid`."""
    place = place_of(url, socket, allow_cleartext=allow_cleartext)
    if not 0 < timeout_s <= _LONGEST_S:
        raise Invalid("timeout_s is not a number of seconds above 0, a day at most")
    if verify is not None and not place.speaks_tls:
        raise Invalid("verify= is for https:// alone: nothing is verified there")
    authority = None if verify is None else os.fspath(verify)
    return Line(place=place, token=parse_token(token, place), timeout_s=timeout_s, authority=authority)
