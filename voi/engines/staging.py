"""Numbers from the host to a device, all of a call in one copy that nobody waits for.

A copy from ordinary memory waits until the device has done all that it was told before; one from pinned memory does
not. Whole numbers go along in single precision, which holds them exactly up to 2^24.
"""

from typing import Any

import torch
from torch import Tensor


class Staging:
    """A buffer in pinned memory, for one stream. On a CPU nothing is copied."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pinned = torch.empty(0)
        self._sent: Any = torch.cuda.Event() if device.type == "cuda" else None

    def send(self, numbers: Tensor) -> Tensor:
        """float32 on the CPU to float32 on the device, in the order of the current stream."""
        if self._sent is None:
            return numbers.to(self._device)
        self._sent.synchronize()  # with the copy before, which is long since done
        if self._pinned.numel() < numbers.numel():
            self._pinned = torch.empty(2 * numbers.numel(), pin_memory=True)
        held = self._pinned[: numbers.numel()].view(numbers.shape)
        held.copy_(numbers)
        sent = held.to(self._device, non_blocking=True)
        self._sent.record()
        return sent
