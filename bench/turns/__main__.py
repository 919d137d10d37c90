"""Measures the end of turn on labelled clips, the core alone on a virtual clock.

python -m bench.turns CLIPS                      the table, former rule first, and the curves
python -m bench.turns CLIPS --kinds order,short  some kinds
python -m bench.turns CLIPS --reply-ms 700       when is the reply heard, if its sound is there 700 ms after the voice?
python -m bench.turns CLIPS --keep FILE          keeps the judgements of a few clips, for the test
python -m bench.turns CLIPS --plots docs         draws the curves
python -m bench.turns CLIPS --live               some of the clips through a real server, in real time
python -m bench.turns CLIPS --live --callers 1,16  one at a time, then sixteen at once

The engines (Silero, smart-turn in ./models, Moonshine) are asked once; their answers are kept under --cache. The first
run of 205 clips takes ten minutes on two cores; later each of the 26 runs of all clips takes a few seconds.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.turns.baseline import OLD_POLICY, conversation_with, former_rule, silence_alone
from bench.turns.known import Keeping, save_known
from bench.turns.live import PER_KIND, endpoint_p50_ms, play_live, sample, server
from bench.turns.plot import curve
from voi.core.endpoint import SURE_SHARE
from voi.core.script import Script
from voi.training.turns.clips import OVER_AGENT, Clip, load_clips
from voi.training.turns.figures import CURVE_CUTS, CURVE_MEANS_MS, GROUPS, Figures, cut_at, delay_at, group, interval
from voi.training.turns.judgements import TURN_ENGINES, ClipEngines, Judgements
from voi.training.turns.play import PlayedClip, Setting, play_all
from voi.turn_policy import TurnPolicy

ROUNDS = 3
"""Of calls, where many are made at once."""
LONGEST_MS = TurnPolicy().max_silence_ms
SWEEP_MS = (256, 350, 450, 530, 608, 700, 800, 950, 1_100, 1_300)
DRAWN = ("natural", "composites")
AIMS = {"natural": (550.0, 0.13), "composites": (500.0, 0.28)}
"""Mean delay in ms, share of pauses cut."""
KEPT_KINDS = {"call_turn": 14, "dialogue_read": 2, "order": 8, "short": 6, "question": 3, "order_pause": 8, "digits": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--kinds", default="", help="separated by commas; without it all but sounds over the agent")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "voi-bench-turns")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--turn-engine", default="smart-turn", choices=sorted(TURN_ENGINES))
    parser.add_argument("--reply-ms", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--plots", type=Path, help="a folder for the curves, as SVG")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--callers", default="1", help="with --live: how many at once, separated by commas")
    parser.add_argument("--think-ms", type=int, default=0, help="with --live: what the language model takes")
    parser.add_argument("--per-kind", type=int, default=PER_KIND, help="with --live: clips of each kind")
    options = parser.parse_args()
    kinds = {kind for kind in options.kinds.split(",") if kind}
    clips = [clip for clip in load_clips(options.clips, kinds) if kinds or clip.kind not in OVER_AGENT]
    if options.live:
        callers = sorted({int(each) for each in options.callers.split(",")})
        _live(sample(clips, options.per_kind), options.think_ms, callers)
        return
    engines = ClipEngines(options.models, options.turn_engine)
    asked = [(clip, Judgements(clip, options.cache, engines, near=True)) for clip in clips]
    began_s = time.monotonic()
    if options.keep:
        _keep(options.keep, asked)
    else:
        _report(asked, options.reply_ms, options.plots)
    for _, judgements in asked:
        judgements.save()
    engines.close()
    print(f"\n{len(clips)} clips, {time.monotonic() - began_s:.0f} s")


def _report(asked: Sequence[tuple[Clip, Judgements]], reply_ms: int | None, plots: Path | None) -> None:
    def heard(policy: TurnPolicy, setting: Setting) -> list[PlayedClip]:
        return play_all(asked, lambda one: one.turn, replace(setting, script=Script(turn=policy), reply_ms=reply_ms))

    former = Setting(make=conversation_with(former_rule), remember_pace=False)
    silence = Setting(make=conversation_with(silence_alone), remember_pace=False)
    product = Setting()
    print(HEADER)
    for name, policy, setting in (
        ("former rule", OLD_POLICY, former),
        ("silence alone, 608", replace(OLD_POLICY), silence),
        ("product", TurnPolicy(), product),
        ("no verdict ever comes", TurnPolicy(), replace(product, verdict_ms=None)),
        ("eagerness low", TurnPolicy(eagerness="low"), product),
        ("eagerness high", TurnPolicy(eagerness="high"), product),
    ):
        played = heard(policy, setting)
        for kind in GROUPS:
            if mine := group(played, kind):
                _row(name, kind, mine)
    curves: dict[str, list[list[PlayedClip]]] = {}
    for name, setting in (("silence alone", silence), ("product", product)):
        curves[name] = [
            heard(TurnPolicy(silence_ms=ms, max_silence_ms=max(LONGEST_MS, round(ms / SURE_SHARE))), setting)
            for ms in SWEEP_MS
        ]
    _print_curves(curves)
    if plots:
        former_run = heard(OLD_POLICY, former)
        for kind in DRAWN:
            lines = {name: [Figures.of(group(run, kind)) for run in runs] for name, runs in curves.items()}
            was = Figures.of(group(former_run, kind))
            marks = {"former rule": (was.mean_ms, was.cut)} | ({"aim": AIMS[kind]} if kind in AIMS else {})
            drawn = curve(f"Pauses cut off, {kind}", lines, marks)
            (plots / f"turns-{kind}.svg").write_text(drawn)


def _print_curves(curves: dict[str, list[list[PlayedClip]]]) -> None:
    print("\n| policy | kind |", " | ".join(f"cut at mean {ms}" for ms in CURVE_MEANS_MS), end=" | ")
    print(" | ".join(f"mean at cut {cut:.0%}" for cut in CURVE_CUTS), "|")
    print("|---|---|" + "---|" * (len(CURVE_MEANS_MS) + len(CURVE_CUTS)))
    for name, runs in curves.items():
        for kind in GROUPS:
            points = [Figures.of(group(run, kind)) for run in runs if group(run, kind)]
            if points:
                cuts = [f"{cut_at(points, ms):.0%}" for ms in CURVE_MEANS_MS]
                print(f"| {name} | {kind} |", " | ".join(cuts), end=" | ")
                print(" | ".join(f"{delay_at(points, cut):.0f}" for cut in CURVE_CUTS), "|")


HEADER = "| policy | kind | pauses | cut | turns cut | ends | mean | median | p90 | > 1.2 s |\n" + "|---" * 10 + "|"


def _live(clips: Sequence[Clip], think_ms: int, callers: Sequence[int]) -> None:
    with server() as (recordings, token):
        medians = []
        for at_once in callers:
            times = 1 if at_once == 1 else -(-ROUNDS * at_once // len(clips))  # so that nobody is alone for long
            called = asyncio.run(play_live([*clips] * times, think_ms, at_once, recordings, token))
            medians.append(endpoint_p50_ms(called))
            print(f"\n{len(called)} calls, {at_once} at once\n\n{HEADER}", flush=True)
            for name, heard in (
                ("decision", [one.decided for one in called]),
                ("audible", [one.audible for one in called]),
            ):
                for kind in GROUPS:
                    if mine := group(heard, kind):
                        _row(name, kind, mine)
            print(f"\nSilence before a decision, median: {medians[-1]:.0f} ms")
        if len(medians) > 1:
            print(f"With {callers[-1]} at once instead of {callers[0]}: {medians[-1] - medians[0]:+.0f} ms")


def _row(name: str, kind: str, heard: list[PlayedClip]) -> None:
    one = Figures.of(heard)
    low, high = interval(heard, lambda figures: figures.cut)
    first, last = interval(heard, lambda figures: figures.mean_ms)
    cut = f"{one.cut:.1%} ({low:.0%} to {high:.0%})"
    mean = f"{one.mean_ms:.0f} ({first:.0f} to {last:.0f})"
    rest = f"{one.median_ms:.0f} | {one.p90_ms:.0f} | {one.long:.0%}"
    print(f"| {name} | {kind} | {one.pauses} | {cut} | {one.turns_cut:.0%} | {one.ends} | {mean} | {rest} |")


def _keep(path: Path, asked: Sequence[tuple[Clip, Judgements]]) -> None:
    few = []
    for kind, count in KEPT_KINDS.items():
        of_kind = [one for one in asked if one[0].kind == kind]
        few += of_kind[:: max(1, len(of_kind) // count)][:count]
    kept = [(clip, Keeping(judgements)) for clip, judgements in few]
    play_all(kept, lambda one: one.turn, Setting())  # type: ignore[arg-type]
    save_known(path, kept)


if __name__ == "__main__":
    main()
