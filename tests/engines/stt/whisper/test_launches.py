"""How much a device has to start for Whisper's alignment: it does not grow with the callers, and keys stay in place."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch

from tests.engines.launches import Launches
from tests.engines.meta_device import META
from tests.engines.stt.whisper.test_dry_run import HEADS, SMALL, small_decoder
from voi.engines.stt.whisper.alignment import MEDIAN_FRAMES, median, normalised, smoothed

SORTS = {"sort", "msort", "median", "kthvalue", "topk", "unfold"}
COUNT, WIDE = 3, SMALL.n_text_state // SMALL.n_text_head


def test_the_median_is_made_of_comparisons_alone() -> None:
    """Each reads two tensors and gives one. Sorting rows of seven, of which there are millions, is what GPUs do
    slowly."""
    frames = [torch.randn(4, 9) for _ in range(MEDIAN_FRAMES)]
    with Launches() as started:
        median(frames)
    assert started.counts.keys() == {"minimum", "maximum"}
    assert started.total <= 30
    with Launches() as by_torch:
        torch.stack(frames).median(dim=0)
    assert by_torch.counts.keys() & SORTS, "which this test would see"


def test_sixteen_windows_are_smoothed_by_as_many_launches_as_one() -> None:
    started = []
    for windows in (1, 16):
        weights, lengths = torch.randn(windows, 6, 20, 60).softmax(-1), torch.full((windows, 1, 1, 1), 60)
        with Launches() as smoothing:
            smoothed(weights, lengths)
        assert not smoothing.counts.keys() & SORTS
        with Launches() as all_of_it:
            normalised(weights, torch.full((windows,), 20), torch.full((windows,), 60))
        assert not all_of_it.counts.keys() & SORTS
        started.append((smoothing.total, all_of_it.total))
    assert started[0] == started[1]


def test_the_keys_of_the_alignment_heads_are_gathered_once_a_pass() -> None:
    """And not at every step."""
    with torch.inference_mode():
        decoder = small_decoder()
        features = torch.empty(COUNT, SMALL.n_audio_ctx, SMALL.n_audio_state, device=META, dtype=torch.float16)
        with Launches() as listening:
            decoder.listen(features)
        with Launches() as stepping:
            decoder.step(COUNT, 20)
    gathered = [given for name, given in listening.shapes if name == "index"]
    by_layer = [[head for of, head in HEADS if of == layer] for layer in range(SMALL.n_text_layer)]
    assert gathered == [(COUNT, len(heads), SMALL.n_audio_ctx, WIDE) for heads in by_layer if heads]
    keys = [(name, given) for name, given in stepping.shapes if given[-2:] == (SMALL.n_audio_ctx, WIDE)]
    assert keys == []
    assert any(name == "index" for name, _ in stepping.shapes), "what is gathered is seen"
