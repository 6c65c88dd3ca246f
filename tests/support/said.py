"""Things said in a form that can be compared, or shown."""

from collections.abc import Callable

from domain.errors import DomainError


def outcome(call: Callable[[], object]) -> object:
    """Return what `call` returned, or the kind of fault that it raised."""
    try:
        return call()
    except DomainError as error:
        return type(error)


def cut(value: object) -> str:
    """Name a parameter of a test: nothing in it that a terminal minds, and no longer than a line."""
    return ascii(value)[:60]
