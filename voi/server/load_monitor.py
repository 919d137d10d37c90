"""Measures how busy this process is, and tells `Load`."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from voi.calls.load import SAMPLE_EVERY_S, Load, LoadLevel
from voi.engines.supervised import Supervised

log = logging.getLogger(__name__)

_EXPLAINED = {
    LoadLevel.NORMAL: "The load has fallen: everything is done again (%s)",
    LoadLevel.BUSY: "Busy: partial transcripts, early answers and second judges are given up until the load falls (%s)",
    LoadLevel.FULL: "Overloaded: new conversations are refused until the load falls (%s). See docs/operations.md",
}


def log_level(level: LoadLevel, why: str) -> None:
    """Log a change of the load's level."""
    log.log(logging.WARNING if level else logging.INFO, _EXPLAINED[level], why)


async def monitor(
    load: Load,
    calls: Callable[[], int],
    engines: Mapping[str, Supervised[Any]],
    on_late: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Sample for ever, on the event loop that is measured. `calls`: how many are live. `on_late` gets each measure of
    the event loop's lateness, in seconds. Engines in a cloud are not counted: their waits are not this machine's."""
    due_s, thread_s = clock(), time.thread_time()
    while True:
        began_s, due_s = due_s, clock() + SAMPLE_EVERY_S
        await asyncio.sleep(SAMPLE_EVERY_S)
        now_s, thread_now_s = clock(), time.thread_time()
        late_s = max(0.0, now_s - due_s)
        core = (thread_now_s - thread_s) / max(now_s - began_s, SAMPLE_EVERY_S)
        thread_s, due_s = thread_now_s, now_s
        waits = {name: engine.waits.recent_s for name, engine in engines.items() if not engine.engine.info.cloud}
        slowest = max(waits, key=waits.__getitem__, default="")
        on_late(late_s)
        load.sample(late_s, core, waits.get(slowest, 0.0), slowest, calls())
