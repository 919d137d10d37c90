"""Events on a shared clock: a process given BENCH_TRACE=path appends lines "seconds event key" (CLOCK_MONOTONIC).

A few events a turn, one write each: they cost nothing beside the sound. Pauses of the garbage collector longer than
2 ms are written as "gc generation/milliseconds".
"""

import gc
import os
import time

_PATH = os.environ.get("BENCH_TRACE")
_FILE = os.open(_PATH, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if _PATH else None
_GC_SHOWN_MS = 2
_gc_began = 0.0


def event(name: str, key: str) -> None:
    if _FILE is not None:
        os.write(_FILE, f"{time.monotonic():.6f} {name} {key}\n".encode())


def _on_gc(phase: str, info: dict[str, int]) -> None:
    global _gc_began
    if phase == "start":
        _gc_began = time.monotonic()
        return
    pause_ms = (time.monotonic() - _gc_began) * 1000
    if pause_ms > _GC_SHOWN_MS:
        event("gc", f"{info['generation']}/{pause_ms:.1f}")


if _FILE is not None:
    gc.callbacks.append(_on_gc)


def read(path: str) -> tuple[dict[tuple[str, str], list[float]], list[tuple[float, float, int]]]:
    """The events as {(call, event): times}, and the collector's pauses as (time, milliseconds, generation)."""
    events: dict[tuple[str, str], list[float]] = {}
    pauses: list[tuple[float, float, int]] = []
    if not os.path.exists(path):
        return events, pauses
    with open(path) as lines:
        for line in lines:
            time_s, name, key = line.split()
            if name == "gc":
                generation, _, pause_ms = key.partition("/")
                pauses.append((float(time_s), float(pause_ms), int(generation)))
            else:
                events.setdefault((key.split("/")[0], name), []).append(float(time_s))
    for times in events.values():
        times.sort()
    return events, pauses
