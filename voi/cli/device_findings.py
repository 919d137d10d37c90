"""What `voi doctor` says of devices: where each engine computes, the memory it took, and what else would fit."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voi.cli.findings import Finding, State
from voi.config.tts_models import XTTS, TtsModel
from voi.engines.device import MIB, Memory, gpu_memory, machine_memory, own_memory_bytes

WHISPER_PARAMETERS_M = {"tiny": 39, "base": 74, "small": 244, "medium": 769, "large-v3-turbo": 809, "large-v3": 1_550}
"""Millions, from the model cards of openai-whisper."""
WHISPER_REST_MIB = 1_200
"""Beside the weights: CUDA's context, and the caches of 16 callers with the encoder's intermediate results."""
XTTS_PARAMETERS_M = 467
XTTS_REST_MIB = 600
CONDITIONING_PLACES = 32


@dataclass(slots=True)
class Meter:
    """Made before an engine is warmed up; tells afterwards what that took."""

    device: str
    _gpu: Memory | None = field(init=False)
    _own: int = field(init=False)

    def __post_init__(self) -> None:
        self._gpu, self._own = gpu_memory(self.device), own_memory_bytes()

    def took(self) -> str:
        """Such as "1,210 MiB on cuda:0, NVIDIA H200". The first engine on a GPU bears CUDA's context too."""
        own = max(0, own_memory_bytes() - self._own) // MIB
        gpu = gpu_memory(self.device)
        if gpu is not None and gpu.total:
            before = self._gpu.free if self._gpu else gpu.total
            if (grown := (before - gpu.free) // MIB) > 0:
                return f"{grown:,} MiB on {gpu.device}"
        return f"{own:,} MiB"


def room(device: str, models: Mapping[str, TtsModel]) -> list[Finding]:
    """What would fit into the memory that is free, with nothing else loaded."""
    gpu = gpu_memory(device)
    memory = machine_memory() if gpu is None or not gpu.total else gpu
    if memory is None:
        return []
    bytes_each = 2 if gpu is not None else 4
    free_mib = memory.free // MIB
    sizes = [
        name
        for name, millions in WHISPER_PARAMETERS_M.items()
        if millions * 1e6 * bytes_each / MIB + WHISPER_REST_MIB <= free_mib
    ]
    found = [Finding("devices", "free", State.OK, f"{free_mib:,} of {memory.total // MIB:,} MiB on {memory.device}")]
    biggest = f"Whisper up to {sizes[-1]}" if sizes else "no Whisper"
    slots = _xtts_slots(free_mib, bytes_each, models)
    speech = f"XTTS for {slots} sentences at a time" if slots else "no XTTS"
    slow = "" if gpu is not None else "; all slow without a GPU"
    found.append(Finding("devices", "would fit", State.OK, f"each alone, by memory: {biggest}; {speech}{slow}"))
    return found


def _xtts_slots(free_mib: int, bytes_each: int, models: Mapping[str, TtsModel]) -> int:
    """By the configured model's sizes, or else the published model's."""
    from voi.engines.tts.xtts.layout import Layout, read_layout
    from voi.errors import ConfigError

    layout = Layout()
    configs = [model.config for model in models.values() if model.engine == XTTS and model.config]
    if configs:
        with contextlib.suppress(ConfigError):  # the engine's own finding tells
            layout = read_layout(Path(configs[0]))
    weights_mib = XTTS_PARAMETERS_M * 1e6 * bytes_each / MIB + XTTS_REST_MIB
    slot_mib = layout.cache_bytes(CONDITIONING_PLACES, bytes_each) / MIB
    return max(0, min(128, int((free_mib - weights_mib) / slot_mib)))
