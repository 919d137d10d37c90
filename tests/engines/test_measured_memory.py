"""What models and CUDA took of a GPU is measured at a start, and `voi doctor` says it.

The GPU is a fake: torch computes on the CPU, and its memory is counted."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch
from torch.overrides import TorchFunctionMode

from tests.engines.stt.whisper.checkpoints import save
from tests.engines.tts.xtts import tiny
from voi.cli.device_findings import Wanted, devices
from voi.cli.engine_sizes import measured_mib, size_of_engine
from voi.engines import cuda_device, measured_memory
from voi.engines.base import VoiceSpec
from voi.engines.device import MIB, Memory
from voi.engines.gpus import Driver
from voi.engines.measured_memory import CONTEXT, CONTEXT_MIB, keep, kept
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.tts.xtts.memory import NoRoom, check_fits
from voi.engines.tts.xtts.need import WORKSPACE_BYTES, Need

GPU = "NVIDIA FAKE"
TOTAL, OF_CUDA = 24_000 * MIB, 512 * MIB
DEVICE = torch.device("cuda:0")


class FakeGpu(TorchFunctionMode):
    """Tensors for the GPU are made on the CPU and counted; CUDA itself takes memory at its first use."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.used = False
        self.answers: list[int] = []

    @property
    def free(self) -> int:
        return TOTAL - self.taken - (OF_CUDA if self.used else 0)

    def mem_get_info(self, _: Any = None) -> tuple[int, int]:
        self.used = True
        self.answers.append(self.free)
        return self.free, TOTAL

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        on_gpu = False

        def moved(value: Any) -> Any:
            nonlocal on_gpu
            if isinstance(value, torch.device) and value.type == "cuda":
                on_gpu = True
                return torch.device("cpu")
            return value

        result = function(*map(moved, args), **{name: moved(value) for name, value in (kwargs or {}).items()})
        if on_gpu and isinstance(result, torch.Tensor):
            self.taken += result.nbytes
        return result


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeGpu:
    fake = FakeGpu()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    driver = lambda: Driver([Memory(f"cuda:0, {GPU}", fake.free, TOTAL)])  # noqa: E731
    monkeypatch.setattr(measured_memory, "ask_driver", driver)
    for name, value in {
        "is_available": True, "is_initialized": False, "device_count": 1, "get_device_capability": (9, 0),
        "get_arch_list": ["sm_90"], "get_device_name": GPU, "set_device": None, "synchronize": None,
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
    monkeypatch.setattr(torch.cuda, "mem_get_info", fake.mem_get_info)
    return fake


def test_what_whisper_and_cuda_take_is_measured_and_told(gpu: FakeGpu, tmp_path: Path) -> None:
    file = save(tmp_path / "mine.pt")
    options = {"model": str(file), "max_batch": 3, "precision": "float32"}
    assert measured_mib("whisper", options, tmp_path, GPU) is None
    backend = OpenAiBackend(str(file), models_dir=tmp_path, device="cuda:0", precision="float32", max_batch=3)
    cudnn = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        with gpu:
            backend.load()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(cudnn)
    assert gpu.taken > 0
    assert measured_mib("whisper", options, tmp_path, GPU) == round((gpu.answers[-2] - gpu.answers[-1]) / MIB)
    assert gpu.answers[-1] == gpu.free  # after all was loaded and had worked
    assert gpu.answers[-2] == TOTAL - OF_CUDA  # before anything was
    for others in ({"max_batch": 4}, {"precision": "float16"}):
        assert measured_mib("whisper", options | others, tmp_path, GPU) is None
    assert measured_mib("whisper", options, tmp_path, "another GPU") is None
    assert kept(GPU, (CONTEXT,)) == OF_CUDA


def test_the_doctor_counts_what_was_measured(gpu: FakeGpu, tmp_path: Path) -> None:
    file = save(tmp_path / "mine.pt")
    assumed = size_of_engine("whisper", {"model": str(file)}, tmp_path, gpu=True)
    measured = type(assumed)(assumed.weights, assumed.each, assumed.at_once, 1_234)
    assert measured.total(True) == 1_234
    assert measured.total(False) == assumed.total(False)
    driver = Driver([Memory(f"cuda:0, {GPU}", TOTAL, TOTAL)])
    for context in (CONTEXT_MIB, 777):
        if context != CONTEXT_MIB:
            keep(GPU, (CONTEXT,), context * MIB)
        _, together, _ = devices(driver, [Wanted("stt", "one", 0, measured)], processes=True)
        assert together.detail == f"about {1_234 + context:,} MiB of cuda:0, {GPU}: stt 1,234, CUDA {context}"


async def test_xtts_is_measured_when_it_has_spoken(
    gpu: FakeGpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tiny.make(tmp_path / "xtts")
    options: dict[str, Any] = {what: str(path) for what, path in files.items()} | {"slots": 2}
    called: list[tuple[torch.device, int]] = []
    monkeypatch.setattr(cuda_device, "keep_taken", lambda device, key, before: called.append((device, before)))
    engine = Xtts(**options, device="cpu")
    spoken: list[str] = []
    stream = engine.stream

    def noted(text: str, voice: VoiceSpec) -> Any:
        spoken.append(text)
        assert called == []
        return stream(text, voice)

    monkeypatch.setattr(engine, "stream", noted)
    await engine.warm_up()
    assert spoken
    assert engine._running is not None
    assert called == [(torch.device("cpu"), engine._running.free_before)]
    await engine.close()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keep(GPU, engine._key("cuda:0"), 900 * MIB)
    assert measured_mib("xtts", options, tmp_path, GPU) == 900
    assert measured_mib("xtts", options | {"precision": "auto", "vocoder_precision": "tf32"}, tmp_path, GPU) == 900
    for others in ({"slots": 3}, {"tuning": ["steps_ahead"]}, {"vocoder_precision": "float16"}):
        assert measured_mib("xtts", options | others, tmp_path, GPU) is None


def test_xtts_counts_on_what_was_measured(gpu: FakeGpu) -> None:
    need = Need(100 * MIB, 10 * MIB, 4)
    gpu.taken = TOTAL - OF_CUDA - need.total(WORKSPACE_BYTES) + MIB
    gpu.used = True
    with pytest.raises(NoRoom):
        check_fits(need, DEVICE, None)
    check_fits(need, DEVICE, None, need.total(200 * MIB))
    with pytest.raises(NoRoom):
        check_fits(need, DEVICE, None, need.total(WORKSPACE_BYTES))


def test_what_is_no_measurement_is_not_kept(gpu: FakeGpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(GPU, ("model",), -5)
    assert kept(GPU, ("model",)) is None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # nothing can be written there
    keep(GPU, ("model",), 5)
    assert kept(GPU, ("model",)) is None
