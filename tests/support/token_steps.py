"""One step in the life of a token mount, for a process that is to fail or to be killed in it."""

import os
import sys
from pathlib import Path

from adapters.filesystem import DirectoryTokenMount
from domain.errors import DeliveryFailed
from domain.mounts import Owner

OWNER = Owner(os.geteuid() + 1 if os.geteuid() == 0 else os.geteuid(), os.getegid())
"""Another user, where we may give files away: then all there is to do is done."""

OLD, NEW, PENPOT = b"tok-old", b"tok-new", b"pen"
KEEP = {"reviewer": ["tokens/reviewer", "penpot-token"]}


def take(step: str, mounts: DirectoryTokenMount) -> object:
    """Do it; it is one call of the port."""
    match step:
        case "first":
            return mounts.write("reviewer", "tokens/reviewer", OLD, OWNER)
        case "rotate":
            return mounts.write("reviewer", "tokens/reviewer", NEW, OWNER)
        case "wipe":
            return mounts.wipe("reviewer", "tokens/reviewer")
        case _:
            return mounts.sweep(KEEP)


if __name__ == "__main__":
    try:
        take(sys.argv[2], DirectoryTokenMount(Path(sys.argv[1]), service="/var/lib/strongroom"))
    except DeliveryFailed as error:
        print(error.message)  # noqa: T201 - it is what the test looks at
        sys.exit(3)
