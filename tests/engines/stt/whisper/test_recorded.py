"""The path that CUDA takes (batch sizes rounded up to recorded ones, operations replayed on the places where they were
recorded): transcripts are what they are on the plain path."""

from collections.abc import Callable, Hashable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch

from tests.engines.cuda_tape import TapedGraphs
from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from voi.engines.cuda_graphs import Graphs
from voi.engines.stt.whisper import openai_decoding
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.passes import Hypothesis, Pass
from voi.engines.stt.whisper.words import RawWord
from voi.errors import EngineError

pytestmark = pytest.mark.integration

MOST_ROWS = 5
DOG = (RawWord(" dog", (3000,), 0, 300),)
# They end at different times, so that the places of the cache close up on the way.
PASSES = [
    Pass(sound("spk1_snt1"), language="en"),
    Pass(sound("spk1_snt2")[:6_400], prompt="Something to begin with, and longer than others."),
    Pass(sound("spk1_snt3"), language="fr", prefix=DOG, context=DOG * 5, temperatures=(0.7,)),
    Pass(sound("austen-0880"), language="en"),
    Pass(sound("noise2")[:320], usual="de"),
]


class Unrecordable(Graphs):
    """As on a GPU that cannot record."""

    tried = 0

    def record(self, key: Hashable, work: Callable[[], object]) -> None:
        Unrecordable.tried += 1
        self._give_up(RuntimeError("operation not permitted when stream is capturing"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("weights") / "tiny.pt")


def load_with(graphs: type[Graphs], weights: Path) -> OpenAiBackend:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(openai_decoding, "Graphs", graphs)
        backend = OpenAiBackend(
            str(weights), models_dir=weights.parent, device="cpu", precision="auto", max_batch=MOST_ROWS
        )
        backend.load()
    return backend


@pytest.fixture(scope="module")
def plain(weights: Path) -> OpenAiBackend:
    return load_with(Graphs, weights)


@pytest.fixture(scope="module")
def taped(weights: Path) -> OpenAiBackend:
    backend = load_with(TapedGraphs, weights)
    assert backend._decoding is not None
    with torch.inference_mode():
        assert backend._decoding.record() == [1, 2, 4, 5]
    graphs_of(backend).not_recorded.clear()  # while it loaded, as on a CPU
    return backend


def graphs_of(backend: OpenAiBackend) -> TapedGraphs:
    assert backend._decoding is not None
    assert isinstance(backend._decoding._graphs, TapedGraphs)
    return backend._decoding._graphs


def said(heard: Hypothesis) -> object:
    """But probabilities: with longer rows, sums are rounded otherwise."""
    return heard.language, [(word.tokens, word.start_ms, word.end_ms) for word in heard.words]


def test_the_small_find_room_in_what_the_large_have_left(taped: OpenAiBackend) -> None:
    assert list(graphs_of(taped).work) == [5, 4, 2, 1]
    assert taped._decoding is not None
    assert [taped._decoding._size(count) for count in range(1, MOST_ROWS + 1)] == [1, 2, 4, 4, 5]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_transcripts_are_the_same(plain: OpenAiBackend, taped: OpenAiBackend, count: int) -> None:
    for _ in range(2):  # the second time, everything is replayed
        for ours, usual in zip(taped.transcribe(PASSES[:count]), plain.transcribe(PASSES[:count]), strict=True):
            assert said(ours) == said(usual)
            assert ours.avg_logprob == pytest.approx(usual.avg_logprob, abs=1e-5)
    assert graphs_of(taped).replays > 10
    assert graphs_of(taped).not_recorded == []


def test_what_cannot_be_recorded_is_heard_all_the_same(plain: OpenAiBackend, weights: Path) -> None:
    backend = load_with(Unrecordable, weights)
    assert backend._decoding is not None
    with torch.inference_mode():
        assert backend._decoding.record() == []
    assert Unrecordable.tried
    assert backend.transcribe(PASSES) == plain.transcribe(PASSES)


def test_weights_that_overflow_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "tiny.pt")
    content = torch.load(path, weights_only=True)
    content["model_state_dict"]["encoder.conv1.weight"] *= 1e30
    torch.save(content, path)
    backend = OpenAiBackend(str(path), models_dir=tmp_path, device="cpu", precision="float32", max_batch=1)
    with pytest.raises(EngineError, match=r"no number from .*tiny\.pt in torch\.float32 on cpu: `precision`"):
        backend.load()
