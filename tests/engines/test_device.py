"""What engines are told of devices, and what is said of theirs."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voi.engines import device as device_module
from voi.engines.device import (
    MIB,
    device_name,
    engine_options,
    gpu_memory,
    is_broken,
    machine_memory,
    own_memory_bytes,
    slow_note,
)
from voi.engines.info import EngineInfo
from voi.errors import ConfigError


class ForGpu:
    def __init__(self, *, device: str = "auto", models_dir: Path = Path()) -> None: ...


class Plain:
    def __init__(self, *, speed: float = 1.0) -> None: ...


def torch(available: bool) -> Any:
    cuda = SimpleNamespace(
        is_available=lambda: available,
        mem_get_info=lambda index: ((index + 1) * 1_000 * MIB, 24_000 * MIB),
        get_device_name=lambda index: f"RTX {index}",
    )
    return SimpleNamespace(cuda=cuda)


def test_settings_reach_engines_that_take_them() -> None:
    assert engine_options(ForGpu, Path("m"), "cuda:1") == {"models_dir": Path("m"), "device": "cuda:1"}
    assert engine_options(ForGpu, Path("m"), "auto") == {"models_dir": Path("m")}
    assert engine_options(ForGpu, Path("m"), "cuda", {"device": "cpu"})["device"] == "cpu"
    assert engine_options(Plain, Path("m"), "cuda", {"speed": 2}) == {"speed": 2}


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:", "CUDA", 0])
def test_devices_that_there_cannot_be(device: Any) -> None:
    with pytest.raises(ConfigError, match="`device` must be"):
        engine_options(ForGpu, Path("m"), "auto", {"device": device})
    assert engine_options(Plain, Path("m"), "auto", {"device": device})["device"] == device  # it means something else


@pytest.mark.parametrize(
    ("wish", "driver", "visible", "name"),
    [("auto", True, None, "cuda:0"), ("auto", True, "1", "cuda:0"), ("auto", True, "", "cpu"),
     ("auto", False, None, "cpu"), ("cuda", False, None, "cuda:0"), ("cuda:0", True, None, "cuda:0"),
     ("cuda:1", True, None, "cuda:1"), ("cpu", True, None, "cpu")],
)  # fmt: skip
def test_a_device_has_one_name(
    wish: str, driver: bool, visible: str | None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_module, "_DRIVERS", (tmp_path / "none", tmp_path if driver else tmp_path / "neither"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert device_name(wish) == name


class AcceleratorError(RuntimeError): ...


class OutOfMemoryError(RuntimeError): ...


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (AcceleratorError("CUDA error: an illegal memory access was encountered"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), True),
        (RuntimeError("CUDNN_BACKEND_OPERATION: CUDNN_STATUS_NOT_INITIALIZED"), True),
        (RuntimeError("CUDA failed with error unspecified launch failure"), True),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), False),
        (RuntimeError("The size of tensor a (3) must match"), False), (ValueError("no"), False),
    ],
)  # fmt: skip
def test_what_a_gpu_does_not_recover_from(error: Exception, broken: bool) -> None:
    assert is_broken(error) is broken


def test_memory_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ctranslate2", raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpu_memory() is None
    assert "torch" not in sys.modules  # it is not imported for that
    monkeypatch.setitem(sys.modules, "torch", torch(False))
    assert gpu_memory() is None
    monkeypatch.setitem(sys.modules, "torch", torch(True))
    memory = gpu_memory("cuda:1")
    assert memory is not None
    assert (memory.device, memory.free // MIB) == ("cuda:1, RTX 1", 2_000)


@pytest.mark.parametrize(
    ("gpu", "device", "has_gpu", "slow"),
    [(True, "auto", False, True), (True, "cpu", True, True), (True, "auto", True, False),
     (True, "cuda", True, False), (False, "auto", False, False)],
)  # fmt: skip
def test_the_slow_are_told(gpu: bool, device: str, has_gpu: bool, slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch(has_gpu))
    assert ("slow" in slow_note(EngineInfo("x", gpu=gpu), {"device": device})) == slow


@pytest.mark.parametrize(("device", "says"), [("auto", True), ("cpu", False)])
def test_who_has_a_gpu_that_is_not_used_is_sent_to_the_doctor(
    device: str, says: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch(False))
    monkeypatch.setattr(device_module, "NVIDIA_DRIVER", tmp_path / "version")
    assert "voi doctor" not in slow_note(EngineInfo("x", gpu=True), {"device": device})
    (tmp_path / "version").touch()
    assert ("voi doctor" in slow_note(EngineInfo("x", gpu=True), {"device": device})) == says


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell otherwise, or not")
def test_memory_of_the_machine() -> None:
    memory = machine_memory()
    assert memory is not None
    assert 10 * MIB < own_memory_bytes() < memory.total
    assert 0 < memory.free <= memory.total
