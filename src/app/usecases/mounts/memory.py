"""Give the memory back once nothing is in it that anybody has."""

from domain.ports import MountRegister, MountWatch, TokenMount


def give_back(mounts: TokenMount, register: MountRegister, watch: MountWatch) -> bool:
    """Take the memory file system away if we may; tells whether it is gone. Callers hold the lock on mounts.

    A container that has a mount which was closed goes on having the old file system, and would never see another.
    """
    return not register.all() and not watch.readers() and mounts.release()
