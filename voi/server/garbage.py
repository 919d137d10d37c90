"""Schedules Python's garbage collection. A full collection stops every conversation, so it waits for a quiet moment.

Reference counting frees nearly all objects of a running server. The collector is needed only for the cycles that a
finished conversation may leave behind. Objects from the start are frozen (never scanned again), young objects are
collected often and cheaply, and the oldest generation only when there are few conversations.
"""

import asyncio
import gc
from collections.abc import Callable

YOUNG_OBJECTS = 2_000
"""Allocations that trigger a young collection, which takes a few tenths of a millisecond."""
YOUNG_COLLECTIONS = 2
"""Young collections that trigger one of the middle generation: at most about 6,000 objects, a few milliseconds."""
NEVER = 1_000_000_000
MANY_ENDED = 256
"""A server that is never idle makes a full collection after this many conversations have ended."""
FEW_ACTIVE = 64
"""It waits until at most this many conversations are active. The pause grows with the live objects; here it is a few
milliseconds."""
TOO_MANY_ENDED = 20_000
"""After this many it collects at any load. A conversation leaves about 1 kB that only the collector frees."""
LOOK_EVERY_S = 1.0


def settle() -> None:
    """Collect once, freeze what is loaded, and set the thresholds. Call it when the server is ready."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, NEVER)


async def collect_when_idle(active: Callable[[], int], ended: Callable[[], int]) -> None:
    """Collect at quiet moments, until cancelled. `active`: number of conversations now; `ended`: number that have ended
    so far."""
    seen = 0
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        since, now = ended() - seen, active()
        if since and (now == 0 or (since >= MANY_ENDED and now <= FEW_ACTIVE) or since >= TOO_MANY_ENDED):
            seen += since
            gc.collect()
