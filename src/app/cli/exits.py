"""The exit code of every fault."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from domain.doctor import Check, Status, worst
from domain.errors import (
    Busy,
    Conflict,
    DatabaseUnusable,
    DeliveryFailed,
    DomainError,
    Integrity,
    Invalid,
    NotAllowed,
    NotFound,
    Unauthenticated,
    Unreachable,
)

FAILURE = 1
USAGE = 2
ATTENTION = 3
WARNINGS = 10
INTERRUPTED = 130

EXIT_CODES: Final[Mapping[type[DomainError], int]] = MappingProxyType(
    {
        DomainError: FAILURE,
        DatabaseUnusable: FAILURE,
        Invalid: USAGE,
        Unauthenticated: 4,
        NotAllowed: 4,
        NotFound: 5,
        Conflict: 6,
        Busy: 7,
        Integrity: 8,
        Unreachable: 9,
        DeliveryFailed: ATTENTION,
    }
)
"""A kind of fault that is not here ends as the nearest of its ancestors does."""


def exit_code(error: DomainError) -> int:
    """Tell the exit code of `error`."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def doctor_code(checks: Sequence[Check]) -> int:
    """Tell the exit code of a check-up: 0, 10 for warnings only, 8 for a bad key or value, 1 for any other failure."""
    if any(check.finds_damage for check in checks):
        return EXIT_CODES[Integrity]
    return {Status.OK: 0, Status.WARN: WARNINGS, Status.FAIL: FAILURE}[worst(checks)]
