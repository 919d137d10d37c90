"""Streams of CUDA devices, one for each device and purpose for as long as the process lives.

A model that is loaded again gets the stream of the one before: cuBLAS keeps up to 32 MiB of workspace for each stream
that it ever worked on, and gives none of it back.
"""

import threading
from typing import Any, Literal

import torch

Purpose = Literal["recording", "recording the vocoder", "XTTS", "vocoder"]

_made: dict[tuple[int, Purpose], Any] = {}
_making = threading.Lock()


def stream_for(device: torch.device, purpose: Purpose) -> Any:
    """The `torch.cuda.Stream` of a device with a number, the same at each call."""
    with _making:
        if (stream := _made.get((device.index, purpose))) is None:
            stream = _made[device.index, purpose] = torch.cuda.Stream(device)
        return stream
