"""What the service manager hears from the event loop itself, so that it notices a loop that is stuck."""

import asyncio

from app.http.readiness import Readiness
from domain.ports import ServiceManager

START_S = 60
"""How long a start may go on after each time that the loop was seen to turn."""

_ASK_EVERY_S = 10


def begin(manager: ServiceManager, readiness: Readiness) -> list[asyncio.Task[None]]:
    """Begin to speak; the caller keeps the tasks, which end with the loop."""
    tasks = [asyncio.create_task(_ask_for_time(manager, readiness))]
    if manager.patience_s is not None:
        tasks.append(asyncio.create_task(_beat(manager, manager.patience_s / 2)))
    return tasks


async def _ask_for_time(manager: ServiceManager, readiness: Readiness) -> None:
    """Moving a large file takes longer than a start is given by default."""
    while readiness.reasons:
        manager.needs(START_S)
        await asyncio.sleep(_ASK_EVERY_S)


async def _beat(manager: ServiceManager, every_s: float) -> None:
    while True:
        manager.alive()
        await asyncio.sleep(every_s)
