"""What `mounts list` says, for a program and for a person."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.usecases.mounts.look import MountView
from domain.instants import format_instant
from domain.mounts import Reader
from domain.ports import Memory


def as_document(view: MountView) -> dict[str, Any]:
    """Return what `mounts list --json` prints of a mount. Instants in milliseconds UTC."""
    return {
        "agent": view.agent,
        "directory": view.directory,
        "state": view.state.value,
        "opened_at": view.mount.opened_at if view.mount else None,
        "files": [
            {
                "file": each.delivery.file,
                "secret": each.delivery.secret,
                "version": each.delivery.version,
                "since": each.delivery.since,
                "current": each.is_current,
            }
            for each in view.receipts
        ],
        "containers": [
            {
                "pid": reader.pid,
                "container": reader.container,
                "started_at": reader.started_at,
                "mounted": reader.mounted.value,
                "stale": view.is_stale(reader),
            }
            for reader in view.readers
        ],
        "faults": view.faults,
    }


def as_text(views: Sequence[MountView], memory: Memory | None) -> Iterator[str]:
    """Return the same for a person, a paragraph a mount."""
    if not views:
        yield "no mount is open"
    for view in views:
        yield f"{view.agent}: {view.state}"
        yield f"  {view.directory}"
        for each in view.receipts:
            said = f"version {each.delivery.version} since {format_instant(each.delivery.since)}"
            yield f"  {each.delivery.file}: {said}"
        yield from (f"  {_container(view, reader)}" for reader in view.readers)
        yield from (f"  attention: {fault}" for fault in view.faults)
    if views and memory is not None and memory.may_swap:
        yield f"attention: {memory.filesystem} at {memory.root} may be written to the swap device"


def _container(view: MountView, reader: Reader) -> str:
    name = f"container {reader.container}, process {reader.pid}" if reader.container else f"process {reader.pid}"
    began = f"{name}, since {format_instant(reader.started_at)}"
    return f"{began}: may still use an older token, which it read before" if view.is_stale(reader) else began
