"""Compare-and-set over HTTP: a version is an entity tag (RFC 9110, section 13)."""

import re

from starlette.datastructures import Headers

from domain.errors import Invalid

_IF_MATCH, _IF_NONE_MATCH = "if-match", "if-none-match"
_VERSION = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_ABSENT = 0


def etag(version: int) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


def is_conditional(headers: Headers) -> bool:
    """Tell whether the caller asked for a comparison."""
    return _IF_MATCH in headers or _IF_NONE_MATCH in headers


def expected_version(headers: Headers) -> int | None:
    """Return the version that a write must find: 0 for "nothing there", None for any.

    Raises `Invalid` for every condition that is not a single version or `If-None-Match: *`.
    """
    wanted, unwanted = headers.getlist(_IF_MATCH), headers.getlist(_IF_NONE_MATCH)
    if wanted and unwanted:
        raise Invalid("If-Match and If-None-Match together", advice="send one of them")
    if unwanted:
        if unwanted != ["*"]:
            raise Invalid("If-None-Match takes * only", advice='to compare with a version, send If-Match: "3"')
        return _ABSENT
    if not wanted:
        return None
    match = _VERSION.fullmatch(wanted[0]) if len(wanted) == 1 else None
    if match is None:
        raise Invalid("If-Match is not a single version", advice='send the ETag as it was, such as "3"')
    return int(match[1])
