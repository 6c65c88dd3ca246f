"""The calls of a secret store, each as a conversation."""

from collections.abc import Mapping

from app.client.answers import document, document_or_none
from app.client.documents import Document, member, member_or_none, next_page, objects
from app.client.exchange import Answer, Conversation, Request, path, query, sending
from domain.errors import Invalid, VersionConflict
from domain.instants import in_range
from domain.secrets import Secret, SecretInfo
from domain.values import SecretValue, parse_secret_name, parse_secret_value

ABSENT = 0
_HIGHEST_VERSION = 10**18 - 1
"""The highest that an entity tag of the service can say; no secret is ever set so often."""


def find(name: str) -> Conversation[Secret | None]:
    """Get a secret with its value. A malformed name is not asked for: it is not there."""
    if not _is_name(name):
        return None
    found = document_or_none((yield Request("GET", path("secrets", name, "value"))))
    if found is None:
        return None
    return Secret(
        name=name,
        value=SecretValue(member(found, "value", str)),
        version=member(found, "version", int),
        created_at=member(found, "created_at", int),
        updated_at=member(found, "updated_at", int),
    )


def put(name: str, value: str, expected_version: int | None, expires_at: int | None) -> Conversation[int]:
    """Set a secret."""
    text = parse_secret_value(parse_secret_name(name), value).reveal()
    expiry = None if expires_at is None else in_range(expires_at)
    body = {"value": text, "expires_at": expiry}
    answer = yield sending("PUT", path("secrets", name), body, _condition(expected_version))
    stored = _compared(answer, name, expected_version)
    return member({} if stored is None else stored, "version", int)


def remove(name: str, expected_version: int | None) -> Conversation[bool]:
    """Delete a secret. What has a malformed name is absent, and compared as such."""
    if not _is_name(name):
        if expected_version in {None, ABSENT}:
            return False
        raise VersionConflict(name, expected=expected_version or ABSENT, actual=ABSENT)
    answer = yield Request("DELETE", path("secrets", name), _condition(expected_version))
    return _compared(answer, name, expected_version) is not None


def show(name: str) -> Conversation[SecretInfo | None]:
    """Get what may be shown of a secret."""
    if not _is_name(name):
        return None
    found = document_or_none((yield Request("GET", path("secrets", name))))
    return None if found is None else _info(found)


def pages() -> Conversation[list[SecretInfo]]:
    """List what may be shown of every secret, page by page where the service gives pages."""
    found: list[SecretInfo] = []
    behind = None
    while True:
        page = document((yield Request("GET", path("secrets") + query(after=behind))))
        found += map(_info, objects(page, "secrets"))
        behind = next_page(page, behind)
        if behind is None:
            return found


def _condition(expected_version: int | None) -> Mapping[str, str]:
    """Say what a write must find (RFC 9110, section 13). A version that cannot be said is none that there is."""
    if expected_version is None:
        return {}
    if expected_version == ABSENT:
        return {"If-None-Match": "*"}
    said = expected_version if ABSENT < expected_version < _HIGHEST_VERSION else _HIGHEST_VERSION
    return {"If-Match": f'"{said}"'}


def _compared(answer: Answer, name: str, expected_version: int | None) -> Document | None:
    """Read the answer to a write; a lost comparison is told by the name and the version that the caller knows."""
    try:
        return document_or_none(answer)
    except VersionConflict as lost:
        actual = lost.actual
    raise VersionConflict(name, expected=expected_version or ABSENT, actual=actual)


def _is_name(name: str) -> bool:
    try:
        parse_secret_name(name)
    except Invalid:
        return False
    return True


def _info(found: Document) -> SecretInfo:
    return SecretInfo(
        name=member(found, "name", str),
        version=member(found, "version", int),
        created_at=member(found, "created_at", int),
        updated_at=member(found, "updated_at", int),
        key_id=member_or_none(found, "key_id", str),
        expires_at=member_or_none(found, "expires_at", int),
    )
