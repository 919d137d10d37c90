"""Fits the weights of the end of turn (voi/core/endpoint_weights.py) to labelled clips, and judges them honestly.

python tools/fit_turns.py CLIPS          leaves every source out once, prints what that gives, then fits to all of them
python tools/fit_turns.py CLIPS --write  and writes the weights

A row is a moment of a silence (every 64 ms from 192 ms on, while it lasts): its signs as the core would have them, and
whether the turn had ended. Logistic regression, each silence counting once; `silence` may only speak for an end.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.turns.clips import Clip, Pause
from bench.turns.judgements import PREROLL_WINDOWS, WINDOW_MS, Judgements
from bench.turns.offline import QUESTIONS, TRANSCRIPT_MS, VERDICT_MS, Judge
from voi.core.endpoint import Asked, signs
from voi.core.endpoint_weights import BY_HAND
from voi.core.expects import expects
from voi.core.facts import QuietGrew, UserStarted
from voi.core.series import digits_due
from voi.core.turn import JUDGED_AT_MS
from voi.core.vad_edges import VadEdges

FIRST_MS, LAST_MS, STEP_MS = 192, 1_280, 64
NOT_WEIGHED = frozenset({"complete_number", *BY_HAND})
FITTED_AT_MS = (192, 320, 448)
SHIFT = -0.18
"""Added to `bias`, so that `silence_ms` is the silence that is enough where the signs say nothing."""
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
    asked = Asked(expects(question), digits_due(question))
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


def fit(rows: list[Row], ridge: float = RIDGE, goes_on: float = 1.0) -> dict[str, float]:
    """Weights by name. `goes_on`: how much a silence counts that is no end."""
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
