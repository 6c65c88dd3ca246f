"""Holding a call's conversation without a wire."""

import json

from app.client.exchange import Answer


def hold(conversation, *documents):
    """Answer a conversation with `documents` in turn; return what was asked, and the result."""
    asked, left = [], list(documents)
    try:
        request = next(conversation)
        while True:
            asked.append(request)
            given = left.pop(0)
            request = conversation.send(given if isinstance(given, Answer) else ok(given))
    except StopIteration as end:
        assert left == []
        return asked, end.value


def ok(document):
    return Answer(200, {"content-type": "application/json"}, json.dumps(document).encode())


def refused(status, **members):
    return Answer(status, {"content-type": "application/problem+json"}, json.dumps({"detail": "no"} | members).encode())


def a_page(*sessions, following=None):
    return {"sessions": [each._asdict() for each in sessions], "next": following}
