"""The path that CUDA takes (rows, lengths and prefixes rounded up to recorded shapes, inputs in buffers that stay),
with recordings that are kept as functions and done again: sentences are what they are on the plain path."""

from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engines.tts.xtts.conftest import load_tiny
from tests.engines.tts.xtts.speaking import GREEDY, TEXTS, alone, job, run
from voi.engines.tts.xtts import model as model_module
from voi.engines.tts.xtts.graphs import Graphs
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.model import Running


class Replayed(Graphs):
    """Does the work that was recorded, never the work that it is given: as a CUDA graph would."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.records = True
        self.work: dict[Hashable, Callable[[], Tensor]] = {}
        self.unknown: list[Hashable] = []

    def record(self, key: Hashable, work: Callable[[], Tensor]) -> None:
        self.work[key] = work
        for _ in range(3):
            work()

    def run(self, key: Hashable, work: Callable[[], Tensor]) -> Tensor:
        if key not in self.work:
            self.unknown.append(key)
            return work()
        return self.work[key]()


@pytest.fixture(scope="module")
def replaying(files: dict[str, Path]) -> Running:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model_module, "Graphs", Replayed)
        return load_tiny(files)


@pytest.mark.parametrize("sampling", [GREEDY, Sampling()])
def test_sentences_are_the_same(model: Running, replaying: Running, sampling: Sampling) -> None:
    assert torch.is_inference_mode_enabled()
    saids = [
        job(replaying, text, voice=voice, sampling=sampling, seed=3)
        for text in TEXTS
        for voice in ("Robin", "Claire", "Robin warm")
    ]
    replaying.batch.submit(saids[0].job)
    replaying.batch.step()
    for said in saids[1:4]:  # three prefixes are filled up to four
        replaying.batch.submit(said.job)
    replaying.batch.step()
    run(replaying.batch, *saids[4:])
    wishes = [(text, voice) for text in TEXTS for voice in ("Robin", "Claire", "Robin warm")]
    for said, (text, voice) in zip(saids, wishes, strict=True):
        plain = alone(model, text, voice=voice, sampling=sampling, seed=3)
        assert said.codes == plain.codes
        assert np.abs(said.sound - plain.sound).max() < 1.5 / 32_767


def test_only_a_sentence_shorter_than_a_window_is_not_recorded(replaying: Running) -> None:
    graphs = replaying.graphs
    assert isinstance(graphs, Replayed)
    graphs.unknown.clear()
    with torch.inference_mode():
        said = alone(replaying, TEXTS[3], sampling=Sampling(), seed=1)
        assert len(said.codes) > 40
        assert graphs.unknown == []
        alone(replaying, TEXTS[2], max_codes=5)
    assert len(graphs.unknown) == 1
    assert graphs.unknown[0][0] == "vocoder"  # type: ignore[index]
