"""When Python collects garbage: a full collection stops every conversation, so it waits for a quiet moment.

Objects of a running server are nearly all freed by counting references; the collector is there for the cycles that a
finished conversation may leave behind. What exists after the start is frozen (never looked at again), young objects are
collected often and cheaply, and the oldest generation only when hardly anybody is there.
"""

import asyncio
import gc
from collections.abc import Callable

YOUNG_OBJECTS = 2_000
"""Allocations that trigger a young collection, of a few tenths of a millisecond…"""
YOUNG_COLLECTIONS = 2
"""…of which so many make one of the middle generation: at most about 6,000 objects, a few milliseconds."""
NEVER = 1_000_000_000
MANY_ENDED = 256
"""A server that is never idle collects in full after so many conversations have ended…"""
FEW_ACTIVE = 64
"""…at a moment when no more than these go on: what lives makes the pause, here a few milliseconds."""
TOO_MANY_ENDED = 20_000
"""After so many it collects whatever goes on. A conversation leaves about 1 kB that only the collector frees."""
LOOK_EVERY_S = 1.0


def settle() -> None:
    """Everything is loaded: from here on pauses count."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, NEVER)


async def collect_when_idle(active: Callable[[], int], ended: Callable[[], int]) -> None:
    """A task's body. `active`: conversations now; `ended`: how many have ended so far."""
    seen = 0
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        since, now = ended() - seen, active()
        if since and (now == 0 or (since >= MANY_ENDED and now <= FEW_ACTIVE) or since >= TOO_MANY_ENDED):
            seen += since
            gc.collect()
