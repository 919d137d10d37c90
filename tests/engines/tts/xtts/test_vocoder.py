"""Windows of all sizes on the path that CUDA takes: each has a recorded shape, and sounds as it does in its own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.cuda_tape import TapedGraphs
from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.recorded import recorded_model
from voi.engines.tts.xtts.model import Running
from voi.engines.tts.xtts.options import SPEEDS
from voi.engines.tts.xtts.vocoder import BATCHES, VocoderWindow
from voi.engines.tts.xtts.windows import FrameWindow, Plan, Stretch

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def taped(files: dict[str, Path]) -> Running:
    return recorded_model(TapedGraphs, files)


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def windows(plan: Plan, stretch: Stretch, codes: int) -> Iterator[FrameWindow]:
    """Those of a sentence of so many codes, which come one by one."""
    done = number = 0
    for count in range(1, codes + 1):
        total = stretch.frames(count) if count == codes else None
        while window := plan.next(number, done, stretch.settled(count), total):
            yield window
            done, number = window.keep_stop, number + 1


def test_every_window_that_there_can_be_has_a_recorded_shape(taped: Running) -> None:
    graphs, vocoder = taped.graphs, taped.vocoder
    odd: dict[float, set[int]] = {}
    for speed in (round(SPEEDS[0] + 0.05 * step, 2) for step in range(31)):
        stretch = taped.stretch(speed)
        sizes = {window.size for codes in range(1, 120) for window in windows(vocoder.plan, stretch, codes)}
        odd[speed] = sizes - set(vocoder.plan.sizes)
        for batch in BATCHES:
            for size in sizes:
                kinds = ["vocoder", "short vocoder"] if size in vocoder.plan.sizes else ["short vocoder"]
                assert all((kind, batch, vocoder.plan.size_for(size)) in graphs for kind in kinds)
    assert sorted(odd[1.0])[:6] == [4, 8, 13, 17, 21, 26]
    assert len(set[int]().union(*odd.values())) == 21  # for each of which there would be new plans


def window_of(frames: int, slot: int, taped: Running) -> VocoderWindow:
    """The whole of a sentence so short."""
    stretch = taped.stretch(1.0)
    codes = next(n for n in range(1, 100) if stretch.frames(n) >= frames)
    return VocoderWindow(slot, codes, stretch, FrameWindow(0, frames, 0, frames), taped.voices["Robin"].embedding)


@pytest.mark.parametrize("together", [1, 3])
def test_a_short_sentence_sounds_as_it_does_in_its_own_shape(model: Running, taped: Running, together: int) -> None:
    latents = torch.randn(taped.decoder.latents.shape, generator=torch.Generator().manual_seed(1))
    taped.decoder.latents.copy_(latents)
    model.decoder.latents.copy_(latents)
    graphs = taped.graphs
    assert isinstance(graphs, TapedGraphs)
    graphs.not_recorded.clear()
    largest = taped.vocoder.plan.sizes[-1]
    for frames in (1, 2, 4, 13, 26, 28, 29, 30, 41, 42, 57, 89, 91, largest - 1, largest):
        sizes = [frames, max(1, frames - 1), max(1, frames - 1)][:together]
        pieces = [window_of(size, slot, taped) for slot, size in enumerate(sizes)]
        pieces = [p for p in pieces if taped.vocoder.size_of(p.window) == taped.vocoder.size_of(pieces[0].window)]
        for piece, ours in zip(pieces, taped.vocoder.run(pieces), strict=True):
            (whole,) = model.vocoder.run([piece])
            assert len(ours) == len(whole) == piece.window.size * 256
            assert np.abs(ours.astype(int) - whole).max() <= 1
            assert np.abs(whole).max() > 1_000
    assert graphs.not_recorded == []
    assert {key[0] for key in graphs.tapes} == {"vocoder", "short vocoder"}  # type: ignore[index]


def test_on_a_cpu_no_sentence_is_computed_longer_than_it_is(files: dict[str, Path]) -> None:
    running = tiny.load(files)
    assert running.vocoder.size_of(FrameWindow(0, 17, 0, 17)) == 17
