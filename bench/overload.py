"""More callers than a core holds, who come back when they are told to: what becomes of those that are admitted?

One caller alone talks first: the base. Then N callers arrive within some seconds and stay to the end. One that is
refused waits for as long as the server says, and tries again.
"""

import argparse
import asyncio
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import uvloop

from callers import Plan, Sound, Turn, VoiCaller, now
from common import system
from loadgen import Ticker

BASE_TURNS = 8
SLACK_MS = 100
LATER = re.compile(r"again in (\d+) s")
TRY_AGAIN = b"\x03\xf5"  # close code 1013
IMPATIENT_S = 1.0
"""Wait of a caller that was refused and not told for how long."""


class Comer(VoiCaller):
    """A caller that may be refused."""

    admitted_at = 0.0
    refused = False

    def __init__(self, plan: Plan, number: int) -> None:
        super().__init__(plan, number)
        self.told = ""

    def begin(self) -> None:
        self.admitted_at = now()
        super().begin()

    def on_message(self, payload: bytes) -> None:
        end = 4 + int.from_bytes(payload[:4], "big")
        if not self.talking and b'"error"' in payload[4:end]:
            self.told = json.loads(payload[4:end])["error"]
            return
        super().on_message(payload)

    def on_close_frame(self, payload: bytes) -> None:
        if self.admitted_at or payload[:2] != TRY_AGAIN:
            super().on_close_frame(payload)
            return
        self.refused = True
        self.told = self.told or payload[2:].decode("utf-8", "replace")
        self.hang_up()


class Overload:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.plan = Plan(
            args.port, Sound.load(Comer.frame_header), sys.maxsize, lambda caller: None, args.token, "bench"
        )
        self.ticker = Ticker()
        self.admitted: list[Comer] = []
        self.refusals: list[float] = []
        self.waits_s: list[float] = []
        self.random = random.Random(7)

    async def connect(self, number: int) -> Comer:
        caller = Comer(self.plan, number)
        await asyncio.get_running_loop().create_connection(lambda: caller, "127.0.0.1", self.plan.port)
        return caller

    async def alone(self) -> list[Turn]:
        caller = await self.connect(0)
        self.ticker.add(caller)
        while len(caller.turns) < BASE_TURNS + 1 and not caller.gone:
            await asyncio.sleep(0.1)
        self.ticker.remove(caller)
        caller.hang_up()
        return caller.turns[1:]

    async def comes(self, number: int, end: float) -> None:
        await asyncio.sleep(self.args.arrive_s * self.random.random())
        while now() < end:
            caller = await self.connect(number)
            while not caller.talking and not caller.refused and not caller.gone and now() < end:
                await asyncio.sleep(0.02)
            if caller.talking:
                self.admitted.append(caller)
                self.ticker.add(caller)
                return
            self.refusals.append(now())
            caller.transport.close()
            found = LATER.search(caller.told)
            self.waits_s.append(float(found[1]) if found else IMPATIENT_S)
            await asyncio.sleep(min(self.waits_s[-1], max(0.0, end - now())))

    async def run(self) -> dict[str, Any]:
        pid = self.args.pid
        async with asyncio.TaskGroup() as tasks:
            ticker = tasks.create_task(self.ticker.run(), name="ticker")
            base = await self.alone()
            self.ticker.late_s.clear()
            began, cpu_s, own_s = now(), system.cpu_s(pid), system.cpu_s("self")
            end = began + self.args.arrive_s + self.args.stay_s
            comers = [
                tasks.create_task(self.comes(n + 1, end), name=f"caller {n + 1}") for n in range(self.args.callers)
            ]
            settled_at = began + self.args.arrive_s
            await asyncio.sleep(settled_at - now())
            at_settling = now(), system.cpu_s(pid)
            await asyncio.wait(comers)
            await asyncio.sleep(max(0.0, end - now()))
            closing = now(), system.cpu_s(pid)
            own = (system.cpu_s("self") - own_s) / (closing[0] - began)
            lost = sum(caller.gone for caller in self.admitted)
            for caller in self.admitted:
                caller.hang_up()
            await asyncio.sleep(0.5)
            self.ticker.running = False
            await ticker
        turns = [turn for caller in self.admitted for turn in caller.turns[1:]]
        settled = [turn for turn in turns if turn.spoken_at >= settled_at]
        return {
            "offered": self.args.callers,
            "admitted": len(self.admitted),
            "refusals": len(self.refusals),
            "refusals_a_s": sum(at >= settled_at for at in self.refusals) / (closing[0] - at_settling[0]),
            "told_to_wait_s": system.spread(self.waits_s),
            "calls_lost": lost,
            "turns": len(turns),
            "turns_missed": sum(turn.missed for turn in turns),
            "turns_incomplete": sum(turn.incomplete for turn in turns),
            "turns_with_underrun": sum(turn.underruns > 0 for turn in turns),
            "base_ms": system.spread(latencies(base)),
            "latency_ms": system.spread(latencies(turns)),
            "settled_latency_ms": system.spread(latencies(settled)),
            "core_arriving": (at_settling[1] - cpu_s) / (at_settling[0] - began),
            "core_settled": (closing[1] - at_settling[1]) / (closing[0] - at_settling[0]),
            "loadgen_util": own,
            "loadgen_late_p99_ms": (system.percentile(self.ticker.late_s, 99) or 0.0) * 1000,
            "errors": sorted(set(self.plan.errors))[:5],
        }


def latencies(turns: list[Turn]) -> list[float]:
    """From the end of the words to the first sound, in ms."""
    return [(turn.first_at - turn.spoken_at) * 1000 for turn in turns if turn.first_at is not None]


def line(r: dict[str, Any]) -> str:
    def pair(name: str) -> str:
        return "/".join("-" if (ms := r[name][p]) is None else f"{ms:.0f}" for p in ("p50", "p95"))

    return (
        f"{r['offered']} offered: {r['admitted']} admitted, {r['refusals']} refusals ({r['refusals_a_s']:.1f} a "
        f"second), told to wait {pair('told_to_wait_s')} s; {r['turns']} turns, missed {r['turns_missed']}, incomplete "
        f"{r['turns_incomplete']}, underruns {r['turns_with_underrun']}, calls lost {r['calls_lost']}; latency alone "
        f"{pair('base_ms')}, all {pair('latency_ms')}, once all had arrived {pair('settled_latency_ms')} ms; core "
        f"{r['core_arriving']:.0%}, then {r['core_settled']:.0%}; late p99={r['loadgen_late_p99_ms']:.1f} ms own cpu="
        f"{r['loadgen_util']:.0%} {r['errors']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=["voi"], default="voi")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--callers", type=int, default=600)
    parser.add_argument("--arrive-s", type=float, default=20, help="within so many seconds all of them come")
    parser.add_argument("--stay-s", type=float, default=60, help="and so long it goes on")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--llm-pid", type=int)
    parser.add_argument("--trace", default="")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    r = uvloop.run(Overload(args).run())
    args.out.write_text(json.dumps(r, indent=1))
    print(line(r), flush=True)
    lost = r["turns_missed"] or r["turns_incomplete"] or r["calls_lost"] or r["errors"]
    late = (r["latency_ms"]["p95"] or 0) > (r["base_ms"]["p95"] or 0) + SLACK_MS
    if lost or late or not r["admitted"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
