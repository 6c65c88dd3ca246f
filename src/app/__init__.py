"""What the service does, and its faces. As a library: `from app import open_state`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.state import State as State
    from app.state import open_state as open_state


def __getattr__(name: str) -> object:
    """Import the library only when somebody asks for it, so that `strongroom --help` stays quick."""
    if name in {"open_state", "State"}:
        from app import state  # noqa: PLC0415

        return getattr(state, name)
    raise AttributeError(name)
