"""N concurrent callers against one server, in real time; measures and writes JSON. See README.md."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from callers import ASSETS, THINK_S, Caller, Plan, RawCaller, VoiCaller, now
from common import config as C
from common import system, trace
from realtime_caller import RealtimeCaller

PROTOCOLS = {"raw": RawCaller, "voi": VoiCaller, "realtime": RealtimeCaller}
SLOTS = C.FRAME_MS  # callers are spread over the 20 ms of a frame, 1 ms apart
STAGES = ("vad_stop", "stt_final", "llm_req", "llm_sentence")


@dataclass(frozen=True)
class Snapshot:
    at: float
    server_cpu_s: float
    own_cpu_s: float
    llm_cpu_s: float
    cores: system.Cores
    rss_mb: float


class Ticker:
    """Calls every member's `send_next` once in 20 ms, spread over 20 slots; keeps how late it was."""

    def __init__(self) -> None:
        self.slots: list[list[Caller]] = [[] for _ in range(SLOTS)]
        self.late_s: list[float] = []
        self.running = True

    def add(self, caller: Caller) -> None:
        self.slots[caller.number * 7 % SLOTS].append(caller)

    def remove(self, caller: Caller) -> None:
        self.slots[caller.number * 7 % SLOTS].remove(caller)

    async def run(self) -> None:
        start, tick = now(), 0
        while self.running:
            due = start + tick / 1000
            wait = due - now()
            if wait > 0:
                await asyncio.sleep(wait)
            if slot := self.slots[tick % SLOTS]:
                self.late_s.append(now() - due)
                for caller in slot:
                    caller.send_next()
            tick += 1


class LoadGenerator:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.caller_class = PROTOCOLS[args.protocol]
        sound = self.caller_class.sound()
        self.plan = Plan(args.port, sound, args.warm + args.turns, self.on_finished, args.token, "bench")
        self.floor_ms = json.loads((ASSETS / "vad_floor.json").read_text())
        self.cycle_s = len(sound.utterance) * C.FRAME_MS / 1000 + 0.6 + C.REPLY_MS / 1000 + THINK_S
        self.ticker = Ticker()
        self.callers: list[Caller] = []
        self.closing: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        pid = self.args.pid
        return Snapshot(
            now(), system.cpu_s(pid), system.cpu_s(os.getpid()), system.cpu_s(self.args.llm_pid),
            system.cores(), system.rss_mb(pid),
        )  # fmt: skip

    def on_finished(self, caller: Caller) -> None:
        """The first caller to finish closes the window in which all N were talking."""
        if self.closing is None:
            self.closing = self.snapshot()

    async def run(self) -> dict[str, Any]:
        n, base_rss_mb = self.args.n, system.rss_mb(self.args.pid)
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.ticker.run(), name="ticker")
            for number in range(n):
                caller = self.caller_class(self.plan, number)
                self.callers.append(caller)
                await loop.create_connection(partial(_same, caller), "127.0.0.1", self.plan.port)
                self.ticker.add(caller)
                if number + 1 < n:
                    await asyncio.sleep(self.cycle_s / n)  # spread over a turn, so that they do not talk in chorus
            await self.until(lambda c: len(c.turns) >= self.args.warm, 60)
            opening = self.snapshot()
            await self.until(lambda c: c.finished, (self.args.turns + 1) * (self.cycle_s + 9))
            closing = self.closing or self.snapshot()
            lost = sum(caller.gone for caller in self.callers)
            for caller in self.callers:
                caller.hang_up()
            await asyncio.sleep(0.5)
            self.ticker.running = False
        return self.report(opening, closing, base_rss_mb, lost)

    async def until(self, done: Callable[[Caller], bool], limit_s: float) -> None:
        end = now() + limit_s
        while now() < end and not all(done(caller) or caller.gone for caller in self.callers):
            await asyncio.sleep(0.1)

    def report(self, opening: Snapshot, closing: Snapshot, base_rss_mb: float, lost: int) -> dict[str, Any]:
        n = self.args.n
        turns = [turn for caller in self.callers for turn in caller.turns[self.args.warm :]]
        heard = [(turn, turn.first_at) for turn in turns if turn.first_at is not None]
        events, pauses = trace.read(self.args.trace)
        vad_late, after_vad, to_llm = [], [], []
        for turn, first_at in heard:
            stages = stage_times(events, turn.key, turn.spoken_at - 0.1, first_at)
            if stages:
                vad_late.append((stages["vad_stop"] - turn.spoken_at) * 1000 - self.floor_ms[turn.alignment])
                to_llm.append((stages["llm_req"] - stages["stt_final"]) * 1000)
                after_vad.append((first_at - stages["vad_stop"]) * 1000 - C.FIXED_MS)
        latency = [(first_at - turn.spoken_at) * 1000 for turn, first_at in heard]
        over = [ms - self.floor_ms[turn.alignment] - C.FIXED_MS for ms, (turn, _) in zip(latency, heard, strict=True)]
        window_s = closing.at - opening.at
        server_cpu_s = closing.server_cpu_s - opening.server_cpu_s
        return {
            "system": self.args.label,
            "n": n,
            "turns": len(turns),
            "missed": sum(turn.missed for turn in turns),
            "incomplete": sum(turn.incomplete for turn in turns),
            "connections_lost": lost,
            "turns_with_underrun": sum(turn.underruns > 0 for turn, _ in heard),
            "floor_ms": sum(self.floor_ms) / len(self.floor_ms) + C.FIXED_MS,
            "latency_ms": system.spread(latency),
            "over_floor_ms": system.spread(over),
            "staged_turns": len(after_vad),
            "vad_over_floor_ms": system.spread(vad_late),
            "transcript_to_llm_ms": system.spread(to_llm),
            "after_vad_overhead_ms": system.spread(after_vad),
            "complete_ms": system.spread([(t.complete_at - t.spoken_at) * 1000 for t in turns if t.complete_at]),
            "window_s": window_s,
            "cpu_util": server_cpu_s / window_s,
            "cpu_ms_per_call_s": server_cpu_s / window_s / n * 1000,
            "rss_base_mb": base_rss_mb,
            "rss_per_call_mb": (closing.rss_mb - base_rss_mb) / n,
            "threads": system.threads(self.args.pid),
            "gc_pauses_ms": sorted((ms for at, ms, _ in pauses if at > opening.at), reverse=True)[:20],
            "gc_generations": sorted({generation for at, _, generation in pauses if at > opening.at}),
            "loadgen_util": (closing.own_cpu_s - opening.own_cpu_s) / window_s,
            "llm_util": (closing.llm_cpu_s - opening.llm_cpu_s) / window_s,
            "loadgen_late_p99_ms": (system.percentile(self.ticker.late_s, 99) or 0.0) * 1000,
            "foreign_on_core0": (closing.cores.core0_busy_s - opening.cores.core0_busy_s - server_cpu_s) / window_s,
            "steal": (closing.cores.stolen_s - opening.cores.stolen_s) / window_s,
            "stray_bytes": self.plan.stray_bytes,
            "errors": sorted(set(self.plan.errors))[:5],
        }


def _same(caller: Caller) -> Caller:
    return caller


def stage_times(
    events: dict[tuple[str, str], list[float]], key: str, begin: float, end: float
) -> dict[str, float] | None:
    """The first of each stage in order, between the end of speech and the first sound; None when one is lacking."""
    times = {}
    for stage in STAGES:
        at = next((t for t in events.get((key, stage), ()) if begin <= t <= end), None)
        if at is None:
            return None
        times[stage] = begin = at
    return times


def line(r: dict[str, Any]) -> str:
    def pair(s: dict[str, float | None]) -> str:
        return "/".join("-" if (ms := s[p]) is None else f"{ms:.0f}" for p in ("p50", "p95"))

    return (
        f"{r['system']:<16} N={r['n']:<4} turns={r['turns']} missed={r['missed']} latency={pair(r['latency_ms'])} "
        f"over floor={pair(r['over_floor_ms'])} after VAD={pair(r['after_vad_overhead_ms'])} "
        f"underruns={r['turns_with_underrun']} cpu={r['cpu_util']:.0%} {r['cpu_ms_per_call_s']:.1f} ms/s "
        f"rss={r['rss_base_mb']:.0f}+{r['rss_per_call_mb']:.2f} MB gc={max(r['gc_pauses_ms'], default=0):.0f} ms "
        f"late p99={r['loadgen_late_p99_ms']:.1f} ms own cpu={r['loadgen_util']:.0%} {' '.join(r['errors'])}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="raw")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--n", type=int, default=1)
    parser.add_argument("--turns", type=int, default=4, help="measured turns per caller")
    parser.add_argument("--warm", type=int, default=1, help="turns per caller before those")
    parser.add_argument("--pid", type=int, required=True, help="the server under test")
    parser.add_argument("--llm-pid", type=int, required=True)
    parser.add_argument("--trace", default="")
    parser.add_argument("--label", default="")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    result = uvloop.run(LoadGenerator(args).run())
    args.out.write_text(json.dumps(result, indent=1))
    print(line(result), flush=True)
    if result["errors"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
