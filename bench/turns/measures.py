"""The figures of turn-taking: how often a pause was taken for the end, and how long the person waited at the end.

Cut: a labelled pause of 200 to 5,000 ms within a turn, ended before it was over. Delay: from the end of speech to the
decision; where none came while the clip lasted, the silence's whole length. Intervals: 95 %, bootstrap over clips.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from bench.turns.clips import COMPOSITES, ISOLATED, NATURAL
from bench.turns.offline import Heard

PAUSE_MIN_MS, PAUSE_MAX_MS = 200, 5_000
LONG_MS = 1_200
GROUPS: dict[str, frozenset[str]] = {
    "natural": NATURAL,
    "isolated": ISOLATED,
    "composites": COMPOSITES,
    "digits": frozenset({"digits"}),
    "spelling": frozenset({"spelling"}),
    "list": frozenset({"list"}),
}
BOOTSTRAPS = 1_000
CURVE_MEANS_MS = (300, 400, 500, 600)
CURVE_CUTS = (0.05, 0.10)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some clips. Rates 0..1, times in ms; NaN where there is nothing to count."""

    pauses: int
    cut: float
    turns_cut: float
    ends: int
    mean_ms: float
    median_ms: float
    p90_ms: float
    long: float

    @staticmethod
    def of(heard: Sequence[Heard]) -> "Figures":
        cuts, turns, delays = [], [], []
        for one in heard:
            mine = [
                one.end_in(pause) is not None
                for pause in one.clip.pauses
                if pause.turn_ends is False and PAUSE_MIN_MS <= pause.length_ms <= PAUSE_MAX_MS
            ]
            cuts += mine
            if one.clip.end_of_speech_ms is not None:
                turns.append(any(mine))
            for pause in one.clip.pauses:
                if pause.turn_ends:
                    end_ms = one.end_in(pause)
                    delays.append((pause.end_ms if end_ms is None else end_ms) - pause.start_ms)
        wait = np.array(delays or [np.nan])
        return Figures(
            len(cuts),
            float(np.mean(cuts)) if cuts else np.nan,
            float(np.mean(turns)) if turns else np.nan,
            len(delays),
            float(wait.mean()),
            float(np.median(wait)),
            float(np.percentile(wait, 90)),
            float((wait > LONG_MS).mean()) if delays else np.nan,
        )


def group(heard: Iterable[Heard], name: str) -> list[Heard]:
    return [one for one in heard if one.clip.kind in GROUPS[name]]


def interval(heard: Sequence[Heard], figure: Callable[[Figures], float], seed: int = 1) -> tuple[float, float]:
    """95 % of what other draws of such clips would give."""
    random = np.random.default_rng(seed)
    drawn = [
        figure(Figures.of([heard[at] for at in random.integers(0, len(heard), len(heard))])) for _ in range(BOOTSTRAPS)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def cut_at(points: Iterable[Figures], mean_ms: float) -> float:
    """The lowest cut rate among the points of a curve whose mean delay is no more than that."""
    return min((one.cut for one in points if one.mean_ms <= mean_ms), default=np.nan)


def delay_at(points: Iterable[Figures], cut: float) -> float:
    """The lowest mean delay among the points of a curve whose cut rate is no more than that."""
    return min((one.mean_ms for one in points if one.cut <= cut), default=np.nan)
