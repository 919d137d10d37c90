"""What a device can do at most: measured here and now, or as its maker says. Beside the work that a model makes, that
is a prediction from first principles."""

import time
from dataclasses import dataclass

import torch

KERNEL_S = 2.5e-6
"""What a small kernel takes in a recording, start to start: an assumption."""


@dataclass(frozen=True)
class Limits:
    """Operations and bytes a second."""

    operations: float
    bytes: float

    def seconds(self, work: "Work") -> float:
        """Where arithmetic and memory overlap perfectly."""
        return max(work.operations / self.operations, work.bytes / self.bytes)


@dataclass(frozen=True)
class Work:
    operations: float
    bytes: float


def measure_limits(device: torch.device, precision: torch.dtype) -> Limits:
    """A large matrix product, and a large copy: the best of a few."""
    side = 8192 if device.type == "cuda" else 2048
    matrix = torch.randn(side, side, device=device, dtype=precision)
    source = torch.empty(2**30 if device.type == "cuda" else 2**26, device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    product_s = best_of(10, device, lambda: matrix @ matrix)
    copy_s = best_of(5, device, lambda: target.copy_(source))
    return Limits(2 * side**3 / product_s, 2 * source.nbytes / copy_s)


def best_of(times: int, device: torch.device, work: object) -> float:
    assert callable(work)
    work()
    best = float("inf")
    for _ in range(times):
        synchronize(device)
        began = time.perf_counter()
        work()
        synchronize(device)
        best = min(best, time.perf_counter() - began)
    return best


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class Device:
    """Dense operations and bytes a second, as its maker says. `single`: what cuDNN multiplies single precision in
    (TF32)."""

    half: Limits
    single: Limits


DEVICES = {
    "H200": Device(Limits(989e12, 4.8e12), Limits(494e12, 4.8e12)),
    "RTX 3090": Device(Limits(71e12, 936e9), Limits(35.6e12, 936e9)),
}
