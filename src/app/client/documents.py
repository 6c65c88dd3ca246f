"""JSON objects, read member by member: what is missing or of another kind is no answer of the service."""

import json
from collections.abc import Mapping
from typing import TypeVar

from app.client.exchange import NotUnderstood

Document = Mapping[str, object]
T = TypeVar("T")


def json_object(content: bytes) -> Document:
    """Parse one JSON object. The errors of `json` carry the text, so none leaves here."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise NotUnderstood("answers with something else than a JSON object")
    return parsed


def member(document: Document, name: str, kind: type[T]) -> T:
    """Return a member that must be there and of a kind; a boolean is no number."""
    value = document.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise NotUnderstood(f"answers without the member {name}, or with another kind of it")
    return value


def member_or_none(document: Document, name: str, kind: type[T]) -> T | None:
    """Return a member that may be null, or not there."""
    return None if document.get(name) is None else member(document, name, kind)


def objects(document: Document, name: str) -> list[Document]:
    """Return a member that is a list of objects."""
    listed: list[object] = member(document, name, list)
    found: list[Document] = [each for each in listed if isinstance(each, dict)]
    if len(found) != len(listed):
        raise NotUnderstood(f"answers with a list {name} that holds something else than objects")
    return found


def next_page(document: Document, after: str | None) -> str | None:
    """Return what the next page begins behind, None at the end. Pages that lead back would never end."""
    following = member_or_none(document, "next", str)
    if following is not None and after is not None and following <= after:
        raise NotUnderstood("answers with pages that do not go on")
    return following
