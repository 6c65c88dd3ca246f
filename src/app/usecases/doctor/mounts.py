"""Look at the token mounts: in what they are, what they hold, and which containers have them."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.usecases.mounts.look import LookAtMounts, MountView
from domain.doctor import Check, examined
from domain.mounts import State

_NAME = "token mounts"
_STALE = (
    "start it again, unless what runs in it reads its file each time; then delete the old token at its forge, "
    "where it is good until you do"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineMounts:
    """Reads no token."""

    look: LookAtMounts

    def __call__(self) -> list[Check]:
        """Return the checks."""
        return examined(_NAME, self._mounts)

    def _mounts(self) -> Iterator[Check]:
        views = self.look()
        checks = [*self._memory(), *(check for view in views for check in _of(view))]
        yield from checks
        if not checks:
            open_now = [view.agent for view in views if view.state in {State.IN_USE, State.WAITING, State.LEAVING}]
            yield Check.ok(_NAME, f"open: {', '.join(open_now)}" if open_now else "none is open")

    def _memory(self) -> Iterator[Check]:
        memory = self.look.memory()
        if memory is None:
            return
        if not memory.is_in_memory:
            detail = f"{memory.root} is on a disk ({memory.filesystem}), where no token may be"
            advice = "run the service as root, or set STRONGROOM_RUNTIME_DIR to a directory in /dev/shm"
            yield Check.warn(_NAME, detail, advice=advice)
        elif memory.may_swap:
            detail = f"what is in {memory.root} ({memory.filesystem}) may be written to the swap device"
            yield Check.warn(_NAME, detail, advice="encrypt the swap device, or use a kernel from 6.4 on, as root")


def _of(view: MountView) -> Iterator[Check]:
    for fault in view.faults:
        yield Check.warn(_NAME, f"{view.agent}: {fault}", advice="`strongroom mounts reconcile`, then look again")
    for reader in view.readers:
        if view.is_stale(reader):
            who = reader.container or f"of process {reader.pid}"
            detail = f"{view.agent}: the container {who} may still use an older token, which it read before"
            yield Check.warn(_NAME, detail, advice=_STALE)
