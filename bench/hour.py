"""Callers for an hour: is any turn lost, and does anything grow?

A fixed number of callers talk all the time. Each call has a random number of turns, then ends in one of three ways
(hung up after an answer, hung up in the middle of one, the socket cut), and the next one begins: so calls come and go
as they do. Every 30 s memory, descriptors, threads, and the tasks and conversations that /metrics counts are sampled;
every 5 minutes the latencies of the turns since are summed up. Voi only: other systems have no such metrics.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import urllib.request
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from callers import ASSETS, Plan, Sound, Turn, VoiCaller, now
from common import config as C
from common import system
from loadgen import Ticker
from soak import slope

SAMPLE_EVERY_S = 30.0
WINDOW_S = 300.0
AFTERWARDS_S = 20.0  # for the server to clean up
TURNS_MOST = 30
HEAR_S = 0.4
GROWTH_SHARE = 0.05  # of memory, from the first half to the second
ENDS = ("hung up after an answer",) * 7 + ("hung up in the middle of one",) * 2 + ("cut",)
GAUGES = {"tasks": "voi_event_loop_tasks", "conversations": "voi_conversations_active", "load": "voi_load_level"}
COUNTERS = (
    "voi_engine_failures_total", "voi_conversations_failed_total", "voi_connections_refused_total",
    "voi_client_mistakes_total", "voi_observer_failures_total",
)  # fmt: skip


def metrics(port: int) -> dict[str, float]:
    """What the server counts, by name; labels are summed up."""
    url = f"http://127.0.0.1:{port}/metrics?format=prometheus"
    request = urllib.request.Request(url, headers={"API-Key": os.environ["API_KEY"]})
    with urllib.request.urlopen(request, timeout=20) as reply:
        text = reply.read().decode()
    found: Counter[str] = Counter()
    for name, value in re.findall(r"^(\w+)(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE):
        found[name] += float(value)
    return dict(found)


class Hour:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.rng = random.Random(args.seed)
        sound = Sound.load(VoiCaller.frame_header)
        self.plan = Plan(args.port, sound, 1, lambda caller: None, args.token, "bench")
        self.floor_ms = json.loads((ASSETS / "vad_floor.json").read_text())
        self.ticker = Ticker()
        self.turns: list[Turn] = []
        """All that are over, those of calls under way last."""
        self.lost: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.samples: list[dict[str, float]] = []
        self.windows: list[dict[str, Any]] = []
        self.end = 0.0

    async def lane(self, number: int) -> None:
        """One caller, call after call."""
        await asyncio.sleep(number * 8 / self.args.callers)
        while now() < self.end:
            await self.call(number)

    async def call(self, number: int) -> None:
        plan = replace(self.plan, turns=self.rng.randint(1, TURNS_MOST))
        caller = VoiCaller(plan, number)
        await asyncio.get_running_loop().create_connection(lambda: caller, "127.0.0.1", plan.port)
        self.ticker.add(caller)
        end, taken = self.rng.choice(ENDS), 0
        while now() < self.end and not caller.gone:
            await asyncio.sleep(0.1)
            self.turns += caller.turns[taken:]
            taken = len(caller.turns)
            if caller.finished and (end == ENDS[0] or self.in_the_middle(caller)):
                break
        self.ticker.remove(caller)
        self.lost["connections"] += caller.gone
        self.ends[end] += 1
        if end == "cut":
            caller.finished = True
            caller.transport.abort()
        else:
            caller.hang_up()
            caller.transport.close()
        self.plan.stray_bytes += plan.stray_bytes

    def in_the_middle(self, caller: VoiCaller) -> bool:
        turn = caller.current
        return turn is not None and turn.first_at is not None and now() > turn.first_at + HEAR_S

    async def watch(self) -> None:
        """Samples and windows, until the end."""
        pid, began, window_at = self.args.pid, now(), now()
        taken_turns, cpu_s, cores = 0, system.cpu_s(pid), system.cores()
        while now() < self.end:
            await asyncio.sleep(min(SAMPLE_EVERY_S, max(0.1, self.end - now())))
            counted = await asyncio.to_thread(metrics, self.args.port)
            self.samples.append({
                "at_s": now() - began, "rss_mb": system.rss_mb(pid), "files": system.open_files(pid),
                "threads": system.threads(pid), "turns": len(self.turns),
                **{name: counted[metric] for name, metric in GAUGES.items()},
            })  # fmt: skip
            if now() - window_at >= self.args.window_s or now() >= self.end:
                seconds, cores_now, cpu_now_s = now() - window_at, system.cores(), system.cpu_s(pid)
                window = self.summed_up(self.turns[taken_turns:]) | {
                    "until_s": now() - began, "cpu": (cpu_now_s - cpu_s) / seconds,
                    "others_on_core": (cores_now.core0_busy_s - cores.core0_busy_s - cpu_now_s + cpu_s) / seconds,
                    "callers_late_p99_ms": (system.percentile(self.ticker.late_s, 99) or 0.0) * 1000,
                }  # fmt: skip
                self.windows.append(window)
                taken_turns, window_at, cpu_s, cores = len(self.turns), now(), cpu_now_s, cores_now
                self.ticker.late_s.clear()
                print(window_line(window, self.samples[-1]), flush=True)

    def summed_up(self, turns: list[Turn]) -> dict[str, Any]:
        heard = [(turn, turn.first_at) for turn in turns if turn.first_at is not None]
        over_ms = [(first_at - t.spoken_at) * 1000 - self.floor_ms[t.alignment] - C.FIXED_MS for t, first_at in heard]
        return {
            "turns": len(turns), "missed": sum(t.missed for t in turns),
            "incomplete": sum(t.incomplete for t in turns), "with_underrun": sum(t.underruns > 0 for t in turns),
            "over_floor_ms": system.spread(over_ms) | {"p99": system.percentile(over_ms, 99)},
        }  # fmt: skip

    async def run(self) -> dict[str, Any]:
        pid, port = self.args.pid, self.args.port
        self.end = now() + self.args.minutes * 60
        at_first = await asyncio.to_thread(metrics, port)
        before = {"rss_mb": system.rss_mb(pid), "threads": system.threads(pid), "files": system.open_files(pid)}
        async with asyncio.TaskGroup() as tasks:
            ticker = tasks.create_task(self.ticker.run(), name="ticker")
            lanes = [tasks.create_task(self.lane(i), name=f"lane {i}") for i in range(self.args.callers)]
            await tasks.create_task(self.watch(), name="watch")
            await asyncio.wait(lanes)
            self.ticker.running = False
            await ticker
        await asyncio.sleep(AFTERWARDS_S)
        at_last = await asyncio.to_thread(metrics, port)
        after = {"rss_mb": system.rss_mb(pid), "threads": system.threads(pid), "files": system.open_files(pid)}
        tasks_left = at_last[GAUGES["tasks"]] - at_first[GAUGES["tasks"]]
        return {
            "minutes": self.args.minutes, "callers": self.args.callers, "before": before, "after": after,
            "tasks_left": tasks_left, "conversations_left": at_last[GAUGES["conversations"]],
            "calls": self.ends.total(), "ends": dict(self.ends), "connections_lost": self.lost["connections"],
            **self.summed_up(self.turns), "stray_bytes": self.plan.stray_bytes,
            "errors": sorted(set(self.plan.errors))[:5],
            "failures": {name: at_last.get(name, 0) - at_first.get(name, 0) for name in COUNTERS},
            "windows": self.windows, "samples": self.samples,
        }  # fmt: skip


def window_line(window: dict[str, Any], sample: dict[str, float]) -> str:
    over = window["over_floor_ms"]
    p50, p95, p99 = (over[p] or 0.0 for p in ("p50", "p95", "p99"))
    return (
        f"{window['until_s'] / 60:5.1f} min: {window['turns']} turns, {window['missed']} missed, "
        f"{window['incomplete']} incomplete; over floor p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms; "
        f"{window['with_underrun']} with underruns; {sample['rss_mb']:.1f} MB, {sample['files']:.0f} files, "
        f"{sample['threads']:.0f} threads, {sample['tasks']:.0f} tasks; cpu {window['cpu']:.0%}, others on the core "
        f"{window['others_on_core']:.0%}, callers late p99 {window['callers_late_p99_ms']:.1f} ms"
    )


def problems(r: dict[str, Any]) -> list[str]:
    """Why the run has failed; [] when it has not. Latency is for the reader: it is the machine's as well."""
    found = [f"{r[what]} {what}" for what in ("missed", "incomplete", "connections_lost") if r[what]]
    found += [f"error: {error}" for error in r["errors"]]
    found += [f"{count:.0f} {name}" for name, count in r["failures"].items() if count]
    if r["conversations_left"] or r["tasks_left"] > 0:
        found.append(f"{r['conversations_left']:.0f} conversations and {r['tasks_left']:.0f} tasks were left")
    settled = r["samples"][len(r["samples"]) // 10 :]  # calls begin in the first tenth
    half = len(settled) // 2
    for what, allowed in (("rss_mb", 1 + GROWTH_SHARE), ("files", 1.1), ("threads", 1.1), ("tasks", 1.1)):
        early, late = (sum(s[what] for s in part) / max(1, len(part)) for part in (settled[:half], settled[half:]))
        if half and late > early * allowed:
            found.append(f"{what} grew from {early:.1f} to {late:.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=["voi"], default="voi")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--callers", type=int, default=60)
    parser.add_argument("--window-s", type=float, default=WINDOW_S)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--llm-pid", type=int)
    parser.add_argument("--trace", default="")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    r = uvloop.run(Hour(args).run())
    half = r["samples"][len(r["samples"]) // 2 :]
    mb_per_hour = slope([(s["at_s"], s["rss_mb"]) for s in half]) * 3600 if len(half) > 1 else 0.0
    r |= {"mb_per_hour_second_half": mb_per_hour, "problems": problems(r)}
    args.out.write_text(json.dumps(r, indent=1))
    print(
        f"{r['calls']} calls {r['ends']}, {r['turns']} turns: {r['missed']} missed, {r['incomplete']} incomplete; "
        f"over floor {r['over_floor_ms']}; {r['before']} -> {r['after']}, {mb_per_hour:+.2f} MB an hour in the second "
        f"half; {r['tasks_left']:.0f} tasks left; problems: {r['problems'] or 'none'}"
    )
    if r["problems"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
