"""The page that a browser is shown when it comes back from a forge: a heading, a sentence, and no script."""

from html import escape
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

_SEALED_OFF = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address has a code in it
    "X-Content-Type-Options": "nosniff",
}


def wants_page(headers: Headers) -> bool:
    """Tell whether a person is to read the answer, and not a program."""
    return "text/html" in headers.get("accept", "")


def html_page(heading: str, *sentences: str, status: int = HTTPStatus.OK) -> Response:
    """Return a page; whatever it says is escaped."""
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return HTMLResponse(
        "<!doctype html>"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(heading)} - Strongroom</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>'
        f'<body><main><h1>{escape(heading)}</h1><div role="status">{body}</div></main></body></html>\n',
        status,
        _SEALED_OFF,
    )
