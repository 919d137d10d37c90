"""What CTranslate2's model takes of a GPU is measured at its first load, by the driver; `voi doctor` counts with it.

The GPU, its driver and the model are fakes."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ctranslate2")
pytest.importorskip("faster_whisper")

from voi.cli.device_findings import Wanted, devices
from voi.cli.engine_sizes import measured_mib, size_of_engine
from voi.engines import measured_memory
from voi.engines.device import MIB, Memory
from voi.engines.gpus import Driver
from voi.engines.measured_memory import CONTEXT, CONTEXT_MIB, keep
from voi.engines.stt.whisper import faster_backend
from voi.engines.stt.whisper.faster_backend import FasterBackend
from voi.engines.stt.whisper.passes import Hypothesis, Pass

GPU, TOTAL_MIB = "NVIDIA FAKE", 24_000
OF_WEIGHTS_MIB, OF_A_ROW_MIB = 470, 30
ROWS = 4


class FakeGpu:
    """`own`: CUDA's own memory, which the first model of a process takes."""

    def __init__(self, own: int) -> None:
        self.own, self.taken, self.used, self.asked = own, 0, False, 0

    def driver(self) -> Driver:
        self.asked += 1
        return Driver([Memory(f"cuda:0, {GPU}", (TOTAL_MIB - self.taken) * MIB, TOTAL_MIB * MIB)])

    def model(self, *_: Any, **__: Any) -> Any:
        self.taken += OF_WEIGHTS_MIB + (0 if self.used else self.own)
        self.used = True
        return SimpleNamespace(
            model=SimpleNamespace(device="cuda", n_mels=80), hf_tokenizer=None, supported_languages=["en"]
        )

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        self.taken += OF_A_ROW_MIB * len(passes)
        return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("model.bin", "tokenizer.json"):
        (tmp_path / name).write_bytes(bytes(100))
    return tmp_path


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeGpu:
    fake = FakeGpu(own=333)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(measured_memory, "ask_driver", fake.driver)
    monkeypatch.setattr(faster_backend, "load_cublas", lambda: True)
    monkeypatch.setattr(faster_backend, "WhisperModel", fake.model)
    monkeypatch.setattr(faster_backend, "_used", set())
    monkeypatch.setattr(FasterBackend, "transcribe", lambda _, passes: fake.transcribe(passes))
    return fake


def load(folder: Path, device: str = "cuda:0", rows: int = ROWS) -> None:
    FasterBackend(str(folder), models_dir=folder, device=device, precision="auto", max_batch=rows).load()


def measured(folder: Path, **options: Any) -> int | None:
    return measured_mib("faster-whisper", {"model": str(folder), "max_batch": ROWS} | options, folder, GPU)


def test_what_a_model_takes_is_measured_when_it_has_worked(gpu: FakeGpu, folder: Path) -> None:
    assert measured(folder) is None
    keep(GPU, (CONTEXT,), gpu.own * MIB)  # by torch, in another process
    load(folder)
    assert measured(folder) == OF_WEIGHTS_MIB + ROWS * OF_A_ROW_MIB
    assert measured(folder, precision="float16") == measured(folder)
    for others in ({"max_batch": 9}, {"precision": "bfloat16"}):
        assert measured(folder, **others) is None
    load(folder, rows=9)  # in the same process: CUDA's own memory is there already
    assert measured(folder, max_batch=9) == OF_WEIGHTS_MIB + 9 * OF_A_ROW_MIB


def test_the_doctor_counts_all_that_the_process_took(gpu: FakeGpu, folder: Path) -> None:
    """Even where nobody knows what of it is CUDA's own."""
    load(folder)
    size = size_of_engine("faster-whisper", {"model": str(folder), "max_batch": ROWS}, folder, gpu=True)
    size = type(size)(size.weights, size.each, size.at_once, measured(folder))
    _, together, _ = devices(gpu.driver(), [Wanted("stt", "one", 0, size)], processes=True)
    model_mib = gpu.taken - CONTEXT_MIB
    assert together.detail == f"about {gpu.taken} MiB of cuda:0, {GPU}: stt {model_mib}, CUDA {CONTEXT_MIB}"


def test_where_the_driver_does_not_tell_nothing_is_kept(
    gpu: FakeGpu, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_memory, "ask_driver", lambda: Driver(fault="nvidia-smi fails"))
    load(folder)
    assert measured(folder) is None


def test_on_a_cpu_no_driver_is_asked(gpu: FakeGpu, folder: Path) -> None:
    load(folder, device="cpu")
    assert gpu.asked == 0
