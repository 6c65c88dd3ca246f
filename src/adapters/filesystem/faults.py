"""From faults of the file system to those of the domain."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.filesystem.reading import Unfit
from domain.errors import DatabaseUnusable, Integrity


def reason(error: OSError) -> str:
    """Say in the system's words what went wrong, without the path."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Let a store's `with` block raise `DatabaseUnusable` for `OSError` and `Integrity` for an unfit file."""
    try:
        yield
    except Unfit as error:
        raise Integrity(f"{subject} {error}") from None
    except OSError as error:
        raise DatabaseUnusable(
            f"{subject} cannot be read or written: {reason(error)}",
            advice="check its permissions, its owner and the room on the disk",
        ) from error
