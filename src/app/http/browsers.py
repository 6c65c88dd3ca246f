"""The cookie that binds a login at a forge to the browser that began it."""

import re

from starlette.requests import Request
from starlette.responses import Response

from app.usecases.oauth.connect import new_random
from domain.connections import AUTHORIZATION_TTL_MS
from domain.instants import SECOND_MS
from domain.values import SecretValue

_ISSUED = re.compile(r"[A-Za-z0-9_-]{43}")


class Browsers:
    """One cookie a browser, so that logins in several tabs do not disturb one another.

    Lax, because it has to come along when the forge sends the browser back. Over TLS it has the prefix
    `__Host-`, which no neighbouring host can set (RFC 6265bis, section 4.1.3.2).
    """

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https://")
        self._name = "__Host-strongroom-login" if self._secure else "strongroom-login"

    def known(self, request: Request) -> SecretValue | None:
        """Return what a browser shows, None if that is nothing we gave it."""
        shown = request.cookies.get(self._name, "")
        return SecretValue(shown) if _ISSUED.fullmatch(shown) else None

    def known_or_new(self, request: Request) -> SecretValue:
        """Return what a browser shows, or a new random value for it."""
        return self.known(request) or new_random()

    def remember(self, response: Response, starter: SecretValue) -> None:
        """Have a browser show `starter` for as long as a login may take."""
        response.set_cookie(
            self._name,
            starter.reveal(),
            max_age=AUTHORIZATION_TTL_MS // SECOND_MS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
