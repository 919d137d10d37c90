import math
from importlib.util import find_spec
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.sounds import likeness, pieces, samples, speech, tone
from voi.audio.pcm import rms_dbfs
from voi.audio.resample import Resampler, resample

USUAL = [(8_000, 16_000), (24_000, 16_000), (48_000, 16_000), (44_100, 16_000), (22_050, 24_000), (16_000, 8_000)]


@pytest.mark.parametrize(("in_rate_hz", "out_rate_hz"), USUAL)
def test_what_can_be_heard_is_kept_and_what_folds_over_is_gone(in_rate_hz: int, out_rate_hz: int) -> None:
    nyquist_hz = min(in_rate_hz, out_rate_hz) / 2
    for part in (0.1, 0.5, 0.8):
        ideal = samples(tone(part * nyquist_hz, out_rate_hz, 0.5))
        given = samples(resample(tone(part * nyquist_hz, in_rate_hz, 0.5), in_rate_hz, out_rate_hz))
        middle = slice(out_rate_hz // 8, -out_rate_hz // 8)
        error = given[: len(ideal)][middle] - ideal[: len(given)][middle]
        assert (
            10 * math.log10((ideal[middle] ** 2).mean() / max((error**2).mean(), 1e-3)) > 50
        )  # in place, too: no delay
    if in_rate_hz > out_rate_hz:
        folded = resample(tone(1.05 * nyquist_hz, in_rate_hz, 0.5), in_rate_hz, out_rate_hz)
        assert rms_dbfs(folded[out_rate_hz // 4 : -out_rate_hz // 4]) < -70


@pytest.mark.parametrize(("in_rate_hz", "out_rate_hz"), USUAL)
def test_live_sound_is_held_back_for_ten_ms_at_most(in_rate_hz: int, out_rate_hz: int) -> None:
    resampler = Resampler(in_rate_hz, out_rate_hz)
    frame = tone(440, in_rate_hz, 0.02)
    given = sum(len(resampler.push(frame)) // 2 for _ in range(10))
    assert 0.2 - given / out_rate_hz <= 0.010_001


@pytest.mark.parametrize(("in_rate_hz", "out_rate_hz"), [*USUAL, (16_000, 16_000)])
def test_pieces_of_whole_blocks_lag_by_what_is_said(in_rate_hz: int, out_rate_hz: int) -> None:
    resampler = Resampler(in_rate_hz, out_rate_hz)
    frame = tone(440, in_rate_hz, 0.02)
    given = 0
    for frames in range(1, 6):
        given += len(resampler.push(frame)) // 2
        assert given + resampler.lag_samples == frames * out_rate_hz // 50


@settings(max_examples=30)
@given(st.sampled_from([*USUAL, (16_000, 16_000)]), st.integers(1, 5_000))
def test_pieces_of_any_size_give_the_same(rates: tuple[int, int], size: int) -> None:
    pcm = speech()[:20_001]  # half a sample at the end
    resampler = Resampler(*rates)
    assert b"".join(resampler.push(piece) for piece in pieces(pcm, size)) + resampler.flush() == resample(pcm, *rates)


@pytest.mark.skipif(find_spec("voi.audio._resample") is None, reason="it is compiled where there is a compiler")
@settings(max_examples=30)
@given(st.sampled_from(USUAL), st.integers(1, 5_000), st.integers(0, 1_000))
def test_the_kernel_gives_what_numpy_gives(rates: tuple[int, int], size: int, seed: int) -> None:
    pcm = Random(seed).randbytes(20_001)  # loud enough to clip
    ours, reference = Resampler(*rates), Resampler(*rates, compiled=False)
    given = b"".join(ours.push(piece) for piece in pieces(pcm, size)) + ours.flush()
    wanted = reference.push(pcm) + reference.flush()
    assert len(given) == len(wanted)
    assert np.abs(samples(given) - samples(wanted)).max() <= 1


def test_the_kernel_refuses_what_does_not_fit() -> None:
    kernel = pytest.importorskip("voi.audio._resample", reason="it is compiled where there is a compiler")
    weights = bytes(4 * 8 * 16)
    for wrong in (
        (weights, 4, 2, 17, b"", b""),
        (weights, 4, 2, 2, b"x", b""),
        (weights, 4, 2, 2, b"", b"x"),
        (weights, 0, 4, 2, b"", b""),
        (weights, 4, -2, 2, b"", b""),
        (weights, 2**40, 2, 2, b"", b""),
    ):
        with pytest.raises((ValueError, OverflowError)):
            kernel.convert(*wrong)
    with pytest.raises(TypeError):
        kernel.convert(weights)
    assert kernel.convert(weights, 4, 2, 2, bytes(8), bytes(8)) == (bytes(4), bytes(8))


@pytest.mark.parametrize(("in_rate_hz", "out_rate_hz"), USUAL)
def test_length(in_rate_hz: int, out_rate_hz: int) -> None:
    for length in (1, 2, 159, 160, 161, 16_000):
        out = resample(bytes(2 * length), in_rate_hz, out_rate_hz)
        assert len(out) // 2 == math.ceil(length * out_rate_hz / in_rate_hz)
        assert not any(out)
    assert resample(b"", in_rate_hz, out_rate_hz) == b""


def test_there_and_back() -> None:
    assert likeness(resample(resample(speech(), 16_000, 24_000), 24_000, 16_000), speech()) > 0.999


def test_flush_makes_it_ready_for_another_sound() -> None:
    resampler = Resampler(16_000, 24_000)
    first, second = (resampler.push(speech()) + resampler.flush() for _ in range(2))
    assert first == second


def test_steady_sound_stays_steady() -> None:
    steady = np.full(16_000, 12_345, "<i2").tobytes()
    assert set(samples(resample(steady, 16_000, 24_000))[100:-100]) == {12_345}


@pytest.mark.parametrize(("in_rate_hz", "out_rate_hz"), [(0, 16_000), (16_000, 1_000_000), (16_001, 16_000), (-8, 8)])
def test_strange_rates_are_refused(in_rate_hz: int, out_rate_hz: int) -> None:
    with pytest.raises(ValueError, match="usual rate"):
        Resampler(in_rate_hz, out_rate_hz)
