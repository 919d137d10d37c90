"""Many short calls, one after another in each of a few lanes: does anything stay behind?

Every call opens, speaks one utterance, hears the beginning of the answer and hangs up in the middle of it. Memory is
sampled as the calls go by; its slope over the second half is the leak per call.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from callers import Caller, Plan, now
from common import system, trace
from loadgen import PROTOCOLS, Ticker

LANES = 40
HEAR_S = 0.4
CALL_LIMIT_S = 20.0
AFTERWARDS_S = 5.0  # for the server to clean up
SAMPLES = 50


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


class Soak:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.caller_class = PROTOCOLS[args.protocol]
        sound = self.caller_class.sound()
        self.plan = Plan(args.port, sound, 1, lambda caller: None, args.token, "bench")
        self.ticker = Ticker()
        self.made = self.answered = 0
        self.memory: list[tuple[int, float]] = []

    async def call(self, number: int) -> None:
        caller = self.caller_class(self.plan, number)
        await asyncio.get_running_loop().create_connection(lambda: caller, "127.0.0.1", self.plan.port)
        self.ticker.add(caller)
        end = now() + CALL_LIMIT_S
        while now() < end and not caller.gone and not self.heard_enough(caller):
            await asyncio.sleep(0.1)
        self.answered += self.heard_enough(caller)
        self.ticker.remove(caller)
        caller.hang_up()
        caller.transport.close()

    def heard_enough(self, caller: Caller) -> bool:
        turn = caller.current
        return turn is not None and turn.first_at is not None and now() > turn.first_at + HEAR_S

    async def lane(self) -> None:
        while self.made < self.args.calls:
            self.made += 1
            if self.made % max(1, self.args.calls // SAMPLES) == 0:
                self.memory.append((self.made, system.rss_mb(self.args.pid)))
            await self.call(self.made)

    async def run(self) -> dict[str, Any]:
        pid = self.args.pid
        before = {"rss_mb": system.rss_mb(pid), "threads": system.threads(pid), "files": system.open_files(pid)}
        began = now()
        async with asyncio.TaskGroup() as tasks:
            ticker = tasks.create_task(self.ticker.run(), name="ticker")
            lanes = [tasks.create_task(self.lane(), name=f"lane {i}") for i in range(LANES)]
            await asyncio.wait(lanes)
            self.ticker.running = False
            await ticker
        took_s = now() - began
        await asyncio.sleep(AFTERWARDS_S)
        after = {"rss_mb": system.rss_mb(pid), "threads": system.threads(pid), "files": system.open_files(pid)}
        _, pauses = trace.read(self.args.trace)
        half = self.memory[len(self.memory) // 2 :]
        return {
            "calls": self.made, "answered": self.answered, "took_s": took_s, "before": before, "after": after,
            "kb_per_call_second_half": slope(half) * 1024, "memory_mb": self.memory,
            "gc_pauses_ms": sorted((ms for at, ms, _ in pauses if at > began), reverse=True)[:20],
            "errors": sorted(set(self.plan.errors))[:5],
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="voi")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--llm-pid", type=int)
    parser.add_argument("--trace", default="")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    r = uvloop.run(Soak(args).run())
    args.out.write_text(json.dumps(r, indent=1))
    print(
        f"{r['answered']} of {r['calls']} calls answered in {r['took_s']:.0f} s; memory {r['before']['rss_mb']:.1f} -> "
        f"{r['after']['rss_mb']:.1f} MB, {r['kb_per_call_second_half']:.2f} kB a call in the second half; "
        f"files {r['before']['files']} -> {r['after']['files']}, threads {r['before']['threads']} -> "
        f"{r['after']['threads']}; longest collector pause {max(r['gc_pauses_ms'], default=0):.0f} ms {r['errors']}"
    )
    # A server may keep one connection to the LLM for each lane.
    if r["answered"] < r["calls"] or r["after"]["files"] > r["before"]["files"] + LANES + 2:
        sys.exit(1)


if __name__ == "__main__":
    main()
