import math

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts.checkpoint import without_weight_norm
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.windows import Plan, Stretch, steady_chunks

RATE = 24_000 / 22_050
PLAN = Plan(13, steady_chunks(16, 2.0, 128))
speeds = st.sampled_from([1.0, 0.7, 1.3, 1.111])


def stretch(speed: float) -> Stretch:
    return Stretch((*(() if speed == 1 else (1 / speed,)), 4.0, RATE))


def by_torch(latents: torch.Tensor, scales: tuple[float, ...]) -> torch.Tensor:
    """(latents, width) to (frames, width)."""
    frames = latents.T[None]
    for scale in scales:
        frames = interpolate(frames, scale_factor=scale, mode="linear")
    return frames[0].T


@given(speeds, st.integers(5, 90), st.data())
def test_frames_are_those_of_torch(speed: float, n: int, data: st.DataObject) -> None:
    latents = torch.randn(n, 3, generator=torch.Generator().manual_seed(n))
    whole = by_torch(latents, stretch(speed).scales)
    assert stretch(speed).frames(n) == len(whole)
    start = data.draw(st.integers(0, max(0, len(whole) - 1)))
    stop = data.draw(st.integers(start, len(whole)))
    if start == stop:
        return
    first, matrix = stretch(speed).weights(start, stop, n)
    ours = matrix @ latents.numpy()[first : first + matrix.shape[1]]
    assert np.abs(ours - whole[start:stop].numpy()).max() < 1e-4


@given(speeds, st.integers(5, 60), st.integers(1, 30))
def test_settled_frames_stay_as_they_are(speed: float, n: int, more: int) -> None:
    latents = torch.randn(n + more, 3, generator=torch.Generator().manual_seed(n))
    settled = stretch(speed).settled(n)
    now = by_torch(latents[:n], stretch(speed).scales)[:settled]
    later = by_torch(latents, stretch(speed).scales)[:settled]
    assert len(now) == settled
    assert torch.allclose(now, later, atol=1e-4)


@given(st.integers(1, 700), st.lists(st.integers(0, 40), max_size=60))
def test_windows_cover_every_frame_once_with_context(total: int, arrivals: list[int]) -> None:
    done, number, settled, sizes = 0, 0, 0, []
    for arrived in (*arrivals, None):
        settled = total if arrived is None else min(total - 1, settled + arrived)
        while window := PLAN.next(number, done, settled, total if arrived is None else None):
            assert window.keep == done
            assert window.start == 0 or window.keep - window.start >= PLAN.context
            assert window.stop == total or window.stop - window.keep_stop >= PLAN.context
            assert 0 <= window.start < window.keep_stop <= window.stop <= settled
            sizes.append(window.size)
            done, number = window.keep_stop, number + 1
    assert done == total
    if total >= PLAN.sizes[-1]:
        assert set(sizes) <= set(PLAN.sizes)  # so that windows of different callers go together


def test_cost_grows_with_the_length() -> None:
    def cost(total: int) -> int:
        done, number, frames = 0, 0, 0
        for settled in range(total + 1):
            while window := PLAN.next(number, done, settled, total if settled == total else None):
                done, number, frames = window.keep_stop, number + 1, frames + window.size
        return frames

    assert cost(2_400) < 1.3 * 2_400
    assert cost(2_400) < 2.1 * cost(1_200)


def test_the_context_is_what_the_vocoder_looks_at() -> None:
    """A change of one frame is heard within the context, and nowhere else."""
    own = {
        name.removeprefix("hifigan_decoder.waveform_decoder."): tensor
        for name, tensor in tiny.state().items()
        if name.startswith("hifigan")
    }
    weights = without_weight_norm(own)
    net = HifiGan(weights)
    net.load_state_dict(weights)
    assert net.samples_per_frame == 256
    assert net.context == 13
    frames = torch.randn(1, tiny.WIDTH, 61)
    changed = frames.clone()
    changed[:, :, 30] += 100.0
    with torch.inference_mode():
        difference = (net(frames, torch.zeros(1, 512, 1)) - net(changed, torch.zeros(1, 512, 1)))[0].abs()
    heard = difference.nonzero()[:, 0] / 256
    assert 30 - net.context <= float(heard.min()) < 30 - net.context + 2
    assert 31 + net.context - 2 < float(heard.max()) <= 31 + net.context


def test_chunks_grow_to_the_longest() -> None:
    assert steady_chunks(16, 2.0, 128) == (16, 32, 64, 128)
    assert steady_chunks(16, 1.5, 16) == (16,)
    assert math.isclose(PLAN.sizes[-1], 128 + 26)


@pytest.mark.parametrize("total", [1, 5, 15, 29, 41, 42])
def test_a_short_sentence_is_one_window(total: int) -> None:
    window = PLAN.next(0, 0, total, total)
    assert window is not None
    assert (window.start, window.stop, window.keep, window.keep_stop) == (0, total, 0, total)
