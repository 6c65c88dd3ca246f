"""Checkpoints where there is no log."""

from typing_extensions import override

from domain.ports import Checkpoint, Checkpoints


class MemoryCheckpoints(Checkpoints):
    """Has nothing to do."""

    @override
    def run(self) -> Checkpoint:
        return Checkpoint(pages=0, folded=0, emptied=False)
