"""`tokens/<agent>` and `penpot-token`: one line, the token."""

import re

from domain.legacy.text import Malformed, decode_utf8
from domain.values import SecretValue, is_token_line

_ASSIGNMENT = re.compile(r"[^=]*=+[^=]")


def line_end(content: bytes) -> str:
    """Return the line ends that stand behind the token."""
    return content[len(content.rstrip(b"\r\n")) :].decode()


def parse_token_file(content: bytes) -> SecretValue:
    """Return the token; line ends after it are no part of it. Raises `Malformed`, without the content."""
    token = decode_utf8(content).rstrip("\r\n")
    if not token.strip():
        raise Malformed("empty: a token was expected")
    if "\x00" in token:
        raise Malformed("a NUL byte inside the token")
    if "\n" in token or "\r" in token:
        raise Malformed("more than one line: a token is one line")
    if any(c.isspace() for c in token):
        raise Malformed("white space inside the token, or before it")
    if not is_token_line(token):
        raise Malformed("an invisible or control character inside the token")
    if token[0] in "\"'`" or token[-1] in "\"'`":
        raise Malformed("quotes around the token: the bare token was expected")
    if _ASSIGNMENT.match(token):
        raise Malformed("looks like NAME=value: the bare token was expected")
    return SecretValue(token)
