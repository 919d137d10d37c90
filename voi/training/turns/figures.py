"""The figures of turn-taking: how often a pause was taken for the end, and how long the person waited at the end.

Cut: a labelled pause of 200 to 5,000 ms within a turn, ended before it was over. Delay: from the end of speech to the
decision; where none came while the clip lasted, the silence's whole length. Intervals: 95 %, bootstrap over clips.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from voi.training.turns.clips import COMPOSITES, ISOLATED, NATURAL
from voi.training.turns.play import PlayedClip

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


Counts = tuple[list[bool], bool, list[int]]
"""For one clip: which of its pauses were cut, whether it is a turn, and the delays at its ends."""


def counted(one: PlayedClip) -> Counts:
    """The counts of one clip."""
    cuts = [
        one.end_in(pause) is not None
        for pause in one.clip.pauses
        if pause.turn_ends is False and PAUSE_MIN_MS <= pause.length_ms <= PAUSE_MAX_MS
    ]
    ends = [(pause, one.end_in(pause)) for pause in one.clip.pauses if pause.turn_ends]
    waits = [(pause.end_ms if end_ms is None else end_ms) - pause.start_ms for pause, end_ms in ends]
    return cuts, one.clip.end_of_speech_ms is not None, waits


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of several clips. Rates 0..1, times in ms; NaN if there is nothing to count."""

    pauses: int
    cut: float
    turns_cut: float
    ends: int
    mean_ms: float
    median_ms: float
    p90_ms: float
    long: float

    @staticmethod
    def of(heard: Sequence[PlayedClip]) -> "Figures":
        return Figures.summed([counted(one) for one in heard])

    @staticmethod
    def summed(counts: Sequence[Counts]) -> "Figures":
        cuts, turns, delays = [], [], []
        for mine, is_turn, waits in counts:
            cuts += mine
            delays += waits
            if is_turn:
                turns.append(any(mine))
        wait = np.array(delays, float) if delays else np.full(1, np.nan)
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


def group(heard: Iterable[PlayedClip], name: str) -> list[PlayedClip]:
    """The clips of that group of `GROUPS`."""
    return [one for one in heard if one.clip.kind in GROUPS[name]]


def interval(heard: Sequence[PlayedClip], figure: Callable[[Figures], float], seed: int = 1) -> tuple[float, float]:
    """The 95 % interval of a figure, by bootstrap over the clips."""
    random, counts = np.random.default_rng(seed), [counted(one) for one in heard]
    drawn = [
        figure(Figures.summed([counts[at] for at in random.integers(0, len(counts), len(counts))]))
        for _ in range(BOOTSTRAPS)
    ]
    if np.isnan(drawn).all():
        return np.nan, np.nan
    low, high = (np.nanpercentile(drawn, percent) for percent in (2.5, 97.5))
    return float(low), float(high)


def cut_at(points: Iterable[Figures], mean_ms: float) -> float:
    """The lowest cut rate among the points of a curve whose mean delay is at most `mean_ms`."""
    return min((one.cut for one in points if one.mean_ms <= mean_ms), default=np.nan)


def delay_at(points: Iterable[Figures], cut: float) -> float:
    """The lowest mean delay among the points of a curve whose cut rate is at most `cut`."""
    return min((one.mean_ms for one in points if one.cut <= cut), default=np.nan)
