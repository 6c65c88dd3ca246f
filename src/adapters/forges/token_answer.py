"""What a forge answers to a code or a refresh token: a grant, a refusal, or nothing that can be used."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from adapters.forges.wire import Answer
from domain.errors import ForgeFailed, Misconfigured
from domain.instants import DAY_MS, MINUTE_MS, SECOND_MS
from domain.oauth import TokenAnswer
from domain.ports import GrantRefused
from domain.values import SecretValue, is_token_line

_LONGEST_TOKEN = 16_384
_LONGEST_LIFE_MS = 3_650 * DAY_MS
_UNREADABLE_LIFE_MS = 5 * MINUTE_MS
_ERROR_CODE = re.compile(r"[a-z_]{1,64}")
_DIGITS = re.compile(r"[0-9]{1,12}")
_PASSES = "nothing is lost; it will be asked again"
_SLOW_DOWN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_MISREGISTERED = frozenset({"invalid_scope", "invalid_redirect_uri"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The `error` codes by which a forge says that it refuses a refresh token, a code, or our client.

    RFC 6749, section 5.2, has one code for each; only GitLab keeps to it. A code that stands in none of
    the sets says that something is wrong just now.
    """

    forge: str
    refuses_refresh: frozenset[str]
    refuses_code: frozenset[str]
    refuses_client: frozenset[str]


def read_answer(dialect: Dialect, answer: Answer, *, refreshing: bool) -> TokenAnswer:
    """Return what a forge gave. Raises `GrantRefused`, `Misconfigured` or `ForgeFailed`; none quotes the answer."""
    document = _document(answer)
    error = document.get("error") if document else None
    code = error if isinstance(error, str) else None
    if answer.status in _SLOW_DOWN or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _failed(dialect, answer, code)  # whatever it says of the grant, it is not in a state to judge it
    if code in (dialect.refuses_refresh if refreshing else dialect.refuses_code):
        raise _refused(dialect, str(code), refreshing=refreshing)
    if code in dialect.refuses_client | _MISREGISTERED or answer.status == HTTPStatus.UNAUTHORIZED:
        raise Misconfigured(
            f"{dialect.forge} does not take our OAuth client ({_shown(code) or answer.status})",
            advice=f"check STRONGROOM_{dialect.forge.upper()}_CLIENT_ID, _CLIENT_SECRET and the redirect address there",
        )
    if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise _failed(dialect, answer, code)
    if document is None or error is not None:
        what = f"refuses ({_shown(code)})" if error is not None else "answers with something else than a token"
        raise ForgeFailed(f"{dialect.forge} {what}", may_have_acted=error is None)
    return _granted(dialect, document)


def _document(answer: Answer) -> dict[str, Any] | None:
    """Read JSON or, as GitHub answers whom it takes for a browser, a form."""
    if answer.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(answer.content.decode(errors="replace"))) or None
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refused(dialect: Dialect, code: str, *, refreshing: bool) -> GrantRefused:
    if refreshing:
        return GrantRefused(f"{dialect.forge} does not take the refresh token any more ({code})")
    return GrantRefused(
        f"{dialect.forge} does not take the code ({code})",
        advice="begin again; if it happens again, check client secret and redirect address there",
    )


def _failed(dialect: Dialect, answer: Answer, code: str | None) -> ForgeFailed:
    said = f", {_shown(code)}" if _shown(code) else ""
    pause = _retry_after_ms(answer.headers)
    if answer.status in _SLOW_DOWN:
        return ForgeFailed(
            f"{dialect.forge} asks to wait (status {answer.status})", advice=_PASSES, retry_after_ms=pause
        )
    return ForgeFailed(
        f"{dialect.forge} answers with status {answer.status}{said}",
        advice=_PASSES if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else _check_url(dialect),
        retry_after_ms=pause,
        may_have_acted=answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status < HTTPStatus.MULTIPLE_CHOICES,
    )


def _check_url(dialect: Dialect) -> str:
    return f"check STRONGROOM_{dialect.forge.upper()}_URL; no redirect is followed with a token"


def _retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Read `Retry-After`: seconds, or a date, which is compared with the answer's own (RFC 9110, section 10.2.3)."""
    raw = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(raw):
        return int(raw) * SECOND_MS
    try:
        pause = parsedate_to_datetime(raw) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0, int(pause.total_seconds() * SECOND_MS))


def _granted(dialect: Dialect, document: Mapping[str, Any]) -> TokenAnswer:
    """Take what can be used, even if what is said beside it cannot: the refresh token before it is spent."""
    token_type = document.get("token_type")
    if token_type is not None and (not isinstance(token_type, str) or token_type.strip().lower() != "bearer"):
        raise _unusable(dialect, "token_type")
    access_token = _token(dialect, document, "access_token")
    if access_token is None:
        raise _unusable(dialect, "access_token")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=_token(dialect, document, "refresh_token"),
        token_type=token_type,
        scopes=_scopes(document.get("scope")),
        lifetime_ms=_lifetime(document.get("expires_in")),
        refresh_lifetime_ms=_refresh_lifetime(document.get("refresh_token_expires_in")),
    )


def _token(dialect: Dialect, document: Mapping[str, Any], name: str) -> SecretValue | None:
    value = document.get(name)
    if value is None or (value == "" and name == "refresh_token"):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TOKEN or not (value.isascii() and is_token_line(value)):
        raise _unusable(dialect, name)
    return SecretValue(value)


def _scopes(value: object) -> tuple[str, ...] | None:
    """Read the scopes: GitHub separates them by commas, and for a GitHub App says nothing with an empty text."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word.isprintable() for word in words):
        return None
    return tuple(words) or None


def _lifetime(value: object) -> int | None:
    """Read `expires_in`, seconds; absent means that the token does not expire, as of a GitHub OAuth app.

    One that cannot be is taken for five minutes, and ten years are the most.
    """
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is None or seconds <= 0:
        return _UNREADABLE_LIFE_MS
    return min(seconds * SECOND_MS, _LONGEST_LIFE_MS)


def _refresh_lifetime(value: object) -> int | None:
    """Read when the refresh token ends, which GitHub alone says; what cannot be read is not known."""
    seconds = _seconds(value)
    return None if seconds is None or seconds <= 0 else min(seconds * SECOND_MS, _LONGEST_LIFE_MS)


def _seconds(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _unusable(dialect: Dialect, field: str) -> ForgeFailed:
    return ForgeFailed(f"the answer of {dialect.forge} has no {field} that can be used", may_have_acted=True)


def _shown(code: str | None) -> str:
    return code if code and _ERROR_CODE.fullmatch(code) else ""
