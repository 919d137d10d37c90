"""The end of turn does not get worse: the core is played what the engines once said of 44 recorded clips."""

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.turns.baseline import OLD_POLICY, conversation_with, former_rule
from bench.turns.known import load_known
from voi.core.script import Script
from voi.training.turns.clips import Pause
from voi.training.turns.figures import Figures, group, interval
from voi.training.turns.play import PlayedClip, Setting, play_all

CLIPS = load_known(Path(__file__).parents[1] / "data" / "turns.jsonl")


def heard(setting: Setting) -> list[PlayedClip]:
    return play_all(CLIPS, lambda one: one.turn, setting)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def product() -> list[PlayedClip]:
    return heard(Setting())


@pytest.mark.parametrize(
    ("kind", "cut", "mean_ms", "p90_ms"),
    [
        ("natural", 0.11, 560, 840),
        ("isolated", 0.5, 420, 840),
        ("composites", 0.75, 400, 500),
        ("digits", 0.17, 1_110, 1_450),
    ],
)
def test_bounds(product: list[PlayedClip], kind: str, cut: float, mean_ms: float, p90_ms: float) -> None:
    """Measured, and a little more. Who makes it better lowers them."""
    figures = Figures.of(group(product, kind))
    assert figures.cut <= cut
    assert figures.mean_ms <= mean_ms
    assert figures.p90_ms <= p90_ms


def test_it_is_better_than_the_former_rule(product: list[PlayedClip]) -> None:
    former = heard(Setting(script=Script(turn=OLD_POLICY), make=conversation_with(former_rule), remember_pace=False))
    was, now = Figures.of(group(former, "natural")), Figures.of(group(product, "natural"))
    assert now.cut <= was.cut
    assert now.mean_ms < was.mean_ms
    assert now.p90_ms < was.p90_ms


def test_without_verdicts_the_end_comes_hardly_later(product: list[PlayedClip]) -> None:
    """On a machine that is too busy for the turn detector."""
    late = heard(replace(Setting(), verdict_ms=None))
    for kind in ("natural", "isolated"):
        assert Figures.of(group(late, kind)).mean_ms - Figures.of(group(product, kind)).mean_ms <= 150


def test_late_binding_costs_no_pause_that_the_reply_is_not_ready_for(product: list[PlayedClip]) -> None:
    slow = Figures.of(group(heard(replace(Setting(), reply_ms=700)), "natural"))
    fast = Figures.of(group(product, "natural"))
    assert slow.cut <= fast.cut
    assert slow.mean_ms >= 700


def test_what_counts_as_a_cut_and_as_a_delay() -> None:
    clip = replace(CLIPS[0][0], pauses=(Pause(1_000, 1_500, False), Pause(2_000, 4_000, True)), end_of_speech_ms=2_000)
    cut, whole, never = PlayedClip(clip, [1_300, 2_400]), PlayedClip(clip, [2_300]), PlayedClip(clip)
    assert (Figures.of([cut]).cut, Figures.of([cut]).mean_ms) == (1.0, 400)
    assert (Figures.of([whole]).cut, Figures.of([whole]).mean_ms) == (0.0, 300)
    assert Figures.of([never]).mean_ms == 2_000
    assert Figures.of([cut, whole]).turns_cut == 0.5


@pytest.mark.filterwarnings("error")
def test_where_there_is_nothing_to_count_there_is_no_interval() -> None:
    clip = replace(CLIPS[0][0], pauses=(Pause(2_000, 4_000, True),), end_of_speech_ms=2_000)
    assert all(math.isnan(end) for end in interval([PlayedClip(clip, [2_300])] * 3, lambda figures: figures.cut))


def test_it_takes_seconds() -> None:
    began_s = time.monotonic()
    heard(Setting())
    assert time.monotonic() - began_s < 20
