"""API tokens: made, shown once, and recognised by their hash.

A token is `srt_`, 256 random bits and a CRC-32, both in base 62: a mistyped or cut token is told
from a wrong one without a look at the database, and scanners of leaked secrets can be sure of it.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from domain.api_tokens import ApiToken, parse_grant
from domain.errors import Busy, DatabaseUnusable, Invalid, Unauthenticated
from domain.instants import MINUTE_MS, in_range
from domain.ports import ApiTokenStore, Clock
from domain.values import SecretValue, has_control

PREFIX = "srt_"
_DIGITS = string.digits + string.ascii_letters
_BODY_DIGITS = 43
_CHECK_DIGITS = 6
_SHOWN = len(PREFIX) + 6
_NAME_LIMIT = 100
_USE_NOTED_EVERY_MS = MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiToken:
    """Make a token. Only its hash is kept."""

    tokens: ApiTokenStore
    clock: Clock
    randbits: Callable[[int], int] = secrets.randbits

    def __call__(
        self, name: str, grants: tuple[str, ...], *, lifetime_ms: int | None = None
    ) -> tuple[ApiToken, SecretValue]:
        """Return what is kept, and the token itself, which nobody can be shown again. Raises `Invalid`."""
        if not name.strip() or len(name) > _NAME_LIMIT or has_control(name):
            raise Invalid(f"a token needs a name of 1 to {_NAME_LIMIT} visible characters")
        if not grants:
            raise Invalid("a token needs at least one grant", advice="such as read:/sessions/*, or admin")
        value, now = _new_token(self.randbits(256)), self.clock.now()
        token = ApiToken(
            id=f"{self.randbits(64):016x}",
            name=name,
            prefix=value.reveal()[:_SHOWN],
            digest=_digest(value.reveal()),
            grants=tuple(dict.fromkeys(map(parse_grant, grants))),
            created_at=now,
            expires_at=None if lifetime_ms is None else in_range(now + lifetime_ms),
        )
        self.tokens.add(token)
        return token, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Recognise the caller by the token that he shows."""

    tokens: ApiTokenStore
    clock: Clock

    def __call__(self, shown: SecretValue) -> ApiToken:
        """Return the token's record, by one quick read; raises `Unauthenticated` for every other, in the same words."""
        token = self.whose(shown)
        if token is None or not token.is_live(self.clock.now()):
            raise Unauthenticated("this token is unknown, expired or revoked")
        return token

    def is_use_to_be_noted(self, token: ApiToken) -> bool:
        """Tell whether the last use that was written down is longer ago than a minute."""
        return token.last_used_at is None or self.clock.now() - token.last_used_at >= _USE_NOTED_EVERY_MS

    def note_use(self, token: ApiToken) -> None:
        """Write down that a token is used now. May wait for other writers, and for the disk."""
        with suppress(Busy, DatabaseUnusable):  # a note that fails must cost nobody an answer
            self.tokens.mark_used(token.id, self.clock.now())

    def whose(self, shown: SecretValue) -> ApiToken | None:
        """Return the record of a token of ours, a revoked or expired one too, without letting it in."""
        if not _checks(shown.reveal()):
            return None
        digest = _digest(shown.reveal())
        token = self.tokens.find(digest)
        # The index compared a hash of 256 random bits, whose timing tells nothing; equal is said by this alone.
        return token if token is not None and hmac.compare_digest(token.digest, digest) else None


def _new_token(random: int) -> SecretValue:
    body = PREFIX + _in_base_62(random, _BODY_DIGITS)
    return SecretValue(body + _check(body))


def _checks(text: str) -> bool:
    body, check = text[:-_CHECK_DIGITS], text[-_CHECK_DIGITS:]
    return text.isascii() and text.startswith(PREFIX) and check == _check(body)


def _check(body: str) -> str:
    return _in_base_62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def _in_base_62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
