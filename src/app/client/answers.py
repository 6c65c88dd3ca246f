"""Reading answers: a JSON object whose members are what they should be, or the error that a problem tells of."""

from http import HTTPStatus

from app.client.documents import Document, json_object
from app.client.exchange import Answer
from app.client.problems import error_of
from domain.errors import NotFound

_WITH_BODY = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


def document(answer: Answer) -> Document:
    """Return what a successful answer holds; raises the error that another one tells of."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return {}
    if answer.status in _WITH_BODY:
        return json_object(answer.content)
    raise error_of(answer)


def document_or_none(answer: Answer) -> Document | None:
    """Return what an answer holds, None if nothing has that name.

    That must be what the service says, by its own code: a path that leads nowhere is another matter.
    """
    if answer.status == HTTPStatus.NOT_FOUND and type(error_of(answer)) is NotFound:
        return None
    return document(answer)
