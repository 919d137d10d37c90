"""Capturing steps as CUDA graphs, with a stand-in for CUDA: what is asked of it, and what follows where it fails."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch

from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.openai_decoding import Decoding
from voi.engines.stt.whisper.passes import Pass
from voi.errors import EngineError

pytestmark = pytest.mark.integration

MOST_ROWS = 5


class Stream:
    def __init__(self, device: Any = None) -> None:
        self.waited_for: list[Stream] = []

    def wait_stream(self, other: "Stream") -> None:
        self.waited_for.append(other)


class Cuda:
    """What capturing uses of `torch.cuda`. As there, a capture that cannot be ended leaves its stream in place."""

    def __init__(self, *, in_step: str = "", at_end: str = "") -> None:
        self.in_step, self.at_end = in_step, at_end
        self.usual = self.now = Stream()
        self.sizes: list[int] = []
        self.capturing = False
        self.synchronized_in: list[Stream] = []

    Stream = Stream

    def synchronize(self, _: torch.device) -> None:
        self.synchronized_in.append(self.now)

    def graph_pool_handle(self) -> object:
        return self

    def CUDAGraph(self) -> object:
        return object()

    def current_stream(self, _: torch.device) -> Stream:
        return self.now

    def set_stream(self, stream: Stream) -> None:
        self.now = stream

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.now = self.now, stream
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def graph(self, _: object, *, pool: object, stream: Stream, capture_error_mode: str) -> Iterator[None]:
        assert (pool, capture_error_mode) == (self, "thread_local")
        before, self.now, self.capturing = self.now, stream, True
        try:
            yield
        finally:
            self.capturing = False
            if self.at_end:
                raise RuntimeError(self.at_end)
            self.now = before


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> OpenAiBackend:
    path = save(tmp_path_factory.mktemp("weights") / "tiny.pt")
    backend = OpenAiBackend(str(path), models_dir=path.parent, device="cpu", precision="auto", max_batch=MOST_ROWS)
    backend.load()
    return backend


@pytest.fixture
def decoding(backend: OpenAiBackend) -> Iterator[Decoding]:
    assert backend._decoding is not None
    yield backend._decoding
    backend._decoding._graphs = {}


def capture(decoding: Decoding, cuda: Cuda) -> list[int]:
    def step(count: int, reach: int) -> None:
        assert cuda.now is not cuda.usual, "on the stream of the capture"
        assert reach == decoding.decoder.dims.n_text_ctx
        if cuda.capturing:
            cuda.sizes.append(count)
            if cuda.in_step:
                raise RuntimeError(cuda.in_step)

    with pytest.MonkeyPatch.context() as patched, torch.inference_mode():
        for name in (name for name in dir(cuda) if name in vars(torch.cuda)):
            patched.setattr(torch.cuda, name, getattr(cuda, name))
        patched.setattr(decoding, "_step", step)
        return decoding.capture()


def test_a_step_is_captured_for_each_of_a_few_sizes(decoding: Decoding) -> None:
    cuda = Cuda()
    assert capture(decoding, cuda) == [1, 2, 4, 5]
    assert cuda.sizes == [5, 4, 2, 1], "small ones find room in what large ones have left"
    assert [decoding._size(count) for count in range(1, MOST_ROWS + 1)] == [1, 2, 4, 4, 5]
    assert cuda.now is cuda.usual
    assert len(cuda.usual.waited_for) == len(cuda.sizes), "what comes next sees what the capture's stream wrote"


@pytest.mark.parametrize(
    "cuda",
    [
        Cuda(in_step="operation not permitted when stream is capturing\nand more", at_end="capture was invalidated"),
        Cuda(in_step="operation not permitted when stream is capturing"),
        Cuda(at_end="operation not permitted when stream is capturing"),
    ],
)
def test_without_graphs_it_hears_more_slowly_and_says_so_once(
    backend: OpenAiBackend, decoding: Decoding, cuda: Cuda, caplog: pytest.LogCaptureFixture
) -> None:
    passes = [Pass(sound("spk1_snt1"), language="en"), Pass(sound("spk1_snt2"), language="en")]
    before = backend.transcribe(passes)
    with caplog.at_level(logging.WARNING):
        assert capture(decoding, cuda) == []
    assert [record.getMessage() for record in caplog.records] == [
        "Whisper decodes more slowly than it could, since CUDA graphs cannot be captured: "
        "operation not permitted when stream is capturing"
    ]
    assert cuda.now is cuda.usual
    assert cuda.synchronized_in == [cuda.usual], "what was begun before it failed writes into nobody's pass"
    assert backend.transcribe(passes) == before


@pytest.mark.parametrize("at_end", ["", "operation failed due to a previous error during capture"])
def test_want_of_memory_is_told_as_such(decoding: Decoding, at_end: str) -> None:
    cuda = Cuda(in_step="CUDA out of memory. Tried to allocate 2.00 GiB.", at_end=at_end)
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        capture(decoding, cuda)
    assert cuda.now is cuda.usual


def test_weights_that_overflow_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "tiny.pt")
    content = torch.load(path, weights_only=True)
    content["model_state_dict"]["encoder.conv1.weight"] *= 1e30
    torch.save(content, path)
    backend = OpenAiBackend(str(path), models_dir=tmp_path, device="cpu", precision="float32", max_batch=1)
    with pytest.raises(EngineError, match=r"no number from .*tiny\.pt in torch\.float32 on cpu: `precision`"):
        backend.load()
