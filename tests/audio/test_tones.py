"""Beeps and music, and what is neither."""

import math
import random

import numpy as np
import pytest

from tests.transports.telephone.answer_set import music, on_the_line
from voi.audio.tones import RATE_HZ, ToneDetector


def sine(ms: int, *hz: float, amplitude: float = 0.1) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    time = np.arange(ms * RATE_HZ // 1_000) / RATE_HZ
    return (amplitude * sum(np.sin(2 * math.pi * each * time) for each in hz)).astype(np.float32)


def quiet(ms: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.zeros(ms * RATE_HZ // 1_000, np.float32)


def line(*parts: "np.ndarray[tuple[int], np.dtype[np.float32]]", seed: int = 1) -> bytes:
    return on_the_line(np.concatenate(parts), random.Random(seed))


@pytest.mark.parametrize("hz", [400, 440, 1_000, 1_400, 2_000])
def test_a_beep_is_told_when_it_is_over(hz: float) -> None:
    (beep,) = ToneDetector().push(line(quiet(500), sine(300, hz), quiet(500)))
    assert abs(beep.frequency_hz - hz) < 25
    assert abs(beep.began_ms - 500) <= 40
    assert abs(beep.ended_ms - beep.began_ms - 300) <= 60


def test_two_lines_are_a_beep() -> None:
    assert len(ToneDetector().push(line(quiet(200), sine(500, 852, 1_336, amplitude=0.08), quiet(200)))) == 1


def test_what_is_no_beep() -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, RATE_HZ).astype(np.float32)
    assert ToneDetector().push(line(noise)) == []
    assert ToneDetector().push(line(quiet(200), sine(80, 1_000), quiet(200))) == []
    assert ToneDetector().push(line(sine(500, 3_000), quiet(200))) == []
    sweep = np.sin(2 * math.pi * np.cumsum(np.linspace(400, 2_000, 4_000)) / RATE_HZ).astype(np.float32) * 0.1
    assert ToneDetector().push(line(sweep, quiet(200))) == []


def test_pieces_of_any_size_give_the_same() -> None:
    pcm = line(quiet(300), sine(400, 1_000), quiet(300))
    detector = ToneDetector()
    found = [beep for start in range(0, len(pcm), 333) for beep in detector.push(pcm[start : start + 333])]
    assert found == ToneDetector().push(pcm)


def test_music() -> None:
    detector = ToneDetector()
    detector.push(on_the_line(music(random.Random(5), 4.0), random.Random(6)))
    assert detector.music_ms >= 2_000
    detector.push(bytes(2 * RATE_HZ))
    assert detector.music_ms == 0
