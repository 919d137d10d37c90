"""Fits the weights of the end of turn (voi/core/endpoint_weights.py) to labelled clips, and judges them honestly.

python tools/fit_turns.py CLIPS    prints the weights, and what clips of a source give by weights of the other sources

A row is a moment of a silence (at 192, 320 and 448 ms, while it lasts): its signs as the core would have them, and
whether the turn had ended. Logistic regression, each silence counting once. Engines as for `python -m bench.turns`.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.turns.clips import OVER_AGENT, Clip, Pause, load_clips
from bench.turns.judgements import PREROLL_WINDOWS, WINDOW_MS, Engines, Judgements
from bench.turns.measures import GROUPS, Figures, group
from bench.turns.offline import QUESTIONS, TRANSCRIPT_MS, VERDICT_MS, Heard, Judge, Setting, play_all
from voi.core.endpoint import asked_by, signs
from voi.core.endpoint_weights import BY_HAND, WEIGHTS
from voi.core.facts import QuietGrew, UserStarted
from voi.core.turn import JUDGED_AT_MS
from voi.core.vad_edges import VadEdges

FIRST_MS, LAST_MS, STEP_MS = 192, 1_280, 64
NOT_WEIGHED = frozenset({"complete_number", *BY_HAND})
FITTED_AT_MS = (192,)
SHIFT = 0.2
"""Added to `bias`: the point of the curve that is chosen. More is faster, and cuts off more people."""
RIDGE = 1.0

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One moment of a silence."""

    clip: Clip
    pause: Pause
    quiet_ms: int
    signs: dict[str, float]
    ended: bool


def rows_of(clip: Clip, judgements: Judgements, judge: Judge) -> list[Row]:
    """The moments of all labelled silences of one clip, when nothing has cut it off before."""
    question = QUESTIONS.get(clip.asked or "", "")
    asked = asked_by(question)
    edges, start = VadEdges(), None
    rows: list[Row] = []
    verdicts: list[tuple[int, float]] = []
    text: str | None = None
    for window, probability in enumerate(judgements.vad, 1):
        fact = edges.window(probability)
        if isinstance(fact, UserStarted) and start is None:
            start = max(0, window - PREROLL_WINDOWS)
        if not isinstance(fact, QuietGrew) or start is None:
            continue
        quiet_ms, now_ms = fact.quiet_ms, window * WINDOW_MS
        if quiet_ms == WINDOW_MS:
            verdicts, text = [], None
        if quiet_ms == JUDGED_AT_MS:
            verdicts.append((quiet_ms, judge(start, window)))
        if quiet_ms == JUDGED_AT_MS:
            text = judgements.words(start, window)
        known = [one for one in verdicts if one[0] + VERDICT_MS <= quiet_ms]
        if text is None or quiet_ms not in range(FIRST_MS, LAST_MS + 1, STEP_MS) or quiet_ms < 64 + TRANSCRIPT_MS:
            continue
        began_ms = now_ms - quiet_ms
        pause = next((one for one in clip.pauses if one.start_ms - 96 <= began_ms < one.end_ms), None)
        if pause is not None and pause.turn_ends is not None and now_ms <= pause.end_ms and pause.length_ms >= 200:
            rows.append(Row(clip, pause, quiet_ms, signs(text, known, asked), pause.turn_ends))
    return rows


SERIES = ("digits", "letters", "asked_series")
"""Silences after these are not fitted to: patience with them is set by hand."""


def fit(rows: list[Row], ridge: float = RIDGE, goes_on: float = 1.0) -> dict[str, float]:
    """Weights by name; those that were set by hand stay. `goes_on`: how much a silence counts that is no end."""
    rows = [row for row in rows if not any(row.signs[name] for name in SERIES)]
    names = [name for name in rows[0].signs if name not in NOT_WEIGHED]
    x = np.array([[row.signs[name] for name in names] for row in rows])
    y = np.array([row.ended for row in rows], float)
    ms = {}
    for row in rows:
        key = (row.clip.name, row.pause.start_ms)
        ms[key] = ms.get(key, 0) + 1
    weight = np.array([(1.0 if row.ended else goes_on) / ms[row.clip.name, row.pause.start_ms] for row in rows])
    offset = np.array([sum(value * row.signs[name] for name, value in BY_HAND.items()) for row in rows])
    penalty = np.array([0.0 if name == "bias" else ridge for name in names])
    fitted = dict(zip(names, _logistic(x, y, weight, penalty, offset).round(3).tolist(), strict=True))
    return {**fitted, "bias": round(fitted["bias"] + SHIFT, 3), **BY_HAND}


def _logistic(x: Array, y: Array, weight: Array, penalty: Array, offset: Array) -> Array:
    """Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta + offset, -30, 30)))
        gradient = x.T @ (weight * (y - p)) - penalty * beta
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-6)
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if np.abs(step).max() < 1e-6:
            break
    return beta


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "voi-bench-turns")
    parser.add_argument("--models", type=Path, default=Path("models"))
    options = parser.parse_args()
    engines = Engines(options.models)
    clips = [clip for clip in load_clips(options.clips) if clip.kind not in OVER_AGENT]
    asked = [(clip, Judgements(clip, options.cache, engines, near=True)) for clip in clips]
    rows = [row for clip, one in asked for row in rows_of(clip, one, one.turn) if row.quiet_ms in FITTED_AT_MS]
    heard: list[Heard] = []
    for source in sorted({clip.left_out_with for clip in clips}):
        WEIGHTS.update(fit([row for row in rows if row.clip.left_out_with != source]))
        mine = [(clip, one) for clip, one in asked if clip.left_out_with == source]
        heard += play_all(mine, lambda one: one.turn, Setting())
    print("every source by weights of the others:")
    for name in GROUPS:
        one = Figures.of(group(heard, name))
        print(f"{name:12} cut {one.cut:.1%}, mean {one.mean_ms:.0f}, p90 {one.p90_ms:.0f}, > 1.2 s {one.long:.0%}")
    print("weights of all:", fit(rows))
    for _, judged in asked:
        judged.save()
    engines.close()


if __name__ == "__main__":
    main()
