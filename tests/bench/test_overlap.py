"""A sound over the agent: what becomes of a cough, a "yeah" and an interruption whose judgements are known."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bench.overlap.sounds import CONDITIONS, Sounds
from bench.overlap.table import table
from bench.overlap.trial import WINDOW_BYTES, WINDOW_MS, Outcome, first_onset_ms, in_silence, over_agent
from voi.training.turns.clips import Clip

ONSET_MS = 640


@dataclass
class Known:
    """`length_ms` of voice from `ONSET_MS` on, of which the engines say the same however much of it they get."""

    length_ms: int
    voice_floor: tuple[float, float] = (0.0, 0.0)
    text: str = ""
    asked: list[str] = field(default_factory=list)

    def voiced(self, pcm: bytes) -> list[float]:
        voice = range(ONSET_MS // WINDOW_MS, (ONSET_MS + self.length_ms) // WINDOW_MS)
        return [float(window in voice) for window in range(len(pcm) // WINDOW_BYTES)]

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        self.asked.append(f"voice {voice_ms}")
        return self.voice_floor

    async def words(self, pcm: bytes) -> str:
        self.asked.append("words")
        return self.text


def clip(kind: str, wants: str) -> Clip:
    return Clip(Path(f"{kind}.flac"), kind, "robin", (), None, "", None, wants, False, "", "")


COUGH = Known(320, (0.02, 0.02), "Hm.")
YEAH = Known(320, (0.97, 0.04), "Yeah.")
WAIT = Known(960, (0.99, 0.97), "Wait, what about the other train?")
KINDS = {"cough": (COUGH, "resume"), "backchannel": (YEAH, "resume"), "interruption": (WAIT, "stop")}


def played(kind: str, *, judged: bool, over: bool = True) -> Outcome:
    known, wants = KINDS[kind]
    pcm, what = bytes(WINDOW_BYTES * 150), clip(kind, wants)
    onset_ms = first_onset_ms(known.voiced(pcm))
    if over:
        return asyncio.run(over_agent(known, what, pcm, "clean", judged, onset_ms))
    return asyncio.run(in_silence(known, what, pcm, "clean", judged))


@pytest.mark.parametrize(("kind", "stops"), [("cough", False), ("backchannel", False), ("interruption", True)])
def test_the_judge_of_voices_stops_what_should_be_stopped(kind: str, stops: bool) -> None:
    outcome = played(kind, judged=True)
    assert outcome.stopped is stops
    assert outcome.soft_ms is not None, "it is lowered at once, until that is known"
    assert (outcome.loud_again_ms is None) is stops
    assert (outcome.since_onset(outcome.soft_ms) or 0) <= 128


def test_without_the_judge_words_stop_the_agent() -> None:
    assert played("backchannel", judged=False).stopped
    assert played("interruption", judged=False).stopped


def test_in_silence_an_interruption_is_answered_with_its_words() -> None:
    outcome = played("interruption", judged=True, over=False)
    assert outcome.answered == WAIT.text
    assert played("cough", judged=True, over=False).answered is None


def test_the_table() -> None:
    over = [played(kind, judged=True) for kind in KINDS]
    silent = [played(kind, judged=True, over=False) for kind in KINDS]
    lines = list(table(over, silent, judged=True))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:5] for row in cells] == [
        ["judge of voices", "clean", "coughs, keys, noise", "1", "0 (0%)"],
        ["judge of voices", "clean", "backchannels", "1", "0 (0%)"],
        ["judge of voices", "clean", "interruptions", "1", "1 (100%)"],
    ]
    assert [row[9] for row in cells][::2] == ["0 (0%)", "1 (100%)"]
    assert cells[2][8] == "", "it was not played on"


def test_a_condition_is_the_same_every_time_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tone = (np.sin(np.arange(16_000) / 10) * 8_000).astype("<i2").tobytes()
    monkeypatch.setattr(Clip, "pcm", lambda _: tone)
    reading = clip("reading", "")
    agent = np.random.default_rng(1).normal(size=16_000 * 20)
    made = {condition: Sounds([reading], agent).of(reading, condition) for condition in CONDITIONS}
    assert made == {condition: Sounds([reading], agent).of(reading, condition) for condition in CONDITIONS}
    assert len(set(made.values())) == len(CONDITIONS)
    assert {len(pcm) for pcm in made.values()} == {2 * (16_000 + 3_200 * 16)}
