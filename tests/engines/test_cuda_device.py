"""GPUs that torch cannot compute on are refused in words, by what it was compiled for."""

import pytest

pytest.importorskip("torch")

import torch

from voi.engines.cuda_device import has_kernels, require
from voi.errors import EngineError

CUDA_13 = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"]


@pytest.mark.parametrize(
    ("capability", "architectures", "has"),
    [
        ((7, 0), CUDA_13, False), ((6, 1), CUDA_13, False), ((7, 5), CUDA_13, True), ((8, 9), CUDA_13, True),
        ((9, 0), CUDA_13, True), ((10, 3), CUDA_13, True), ((12, 1), CUDA_13, True), ((13, 0), CUDA_13, True),
        ((8, 0), ["sm_86"], False), ((9, 0), ["sm_90a"], True), ((10, 0), ["sm_90a"], False), ((9, 0), [], True),
    ],
)  # fmt: skip
def test_kernels_by_compute_capability(capability: tuple[int, int], architectures: list[str], has: bool) -> None:
    assert has_kernels(capability, architectures) is has


def test_a_gpu_without_kernels_is_refused_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1, 2))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: CUDA_13)
    with pytest.raises(EngineError, match=r"Whisper: cuda:0 has compute capability 7\.0, .* no kernels: install"):
        require(torch.device("cuda:0"), "Whisper")
