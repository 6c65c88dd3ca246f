"""What is answered where a request failed."""

from app.http.answers.answer import Answer


class BodyFault(Answer):
    """What is wrong at a place of the body (RFC 6901)."""

    pointer: str
    detail: str


class ParameterFault(Answer):
    """What is wrong with a parameter of the query."""

    parameter: str
    detail: str


class Problem(Answer):
    """What a request that failed is told (RFC 9457). `code` is stable; no member repeats what was sent.

    `expected` and `actual` are versions, of a compare that was lost. `cause` is why a stored value does not
    open. `may_have_acted`: a forge may have done what was asked, and its answer was lost.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    advice: str | None = None
    errors: list[BodyFault] | list[ParameterFault] | None = None
    reasons: list[str] | None = None
    cause: str | None = None
    may_have_acted: bool | None = None
    expected: int | None = None
    actual: int | None = None
