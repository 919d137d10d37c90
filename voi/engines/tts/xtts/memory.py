"""Whether a model fits, before anything is allocated."""

import gc
from dataclasses import dataclass
from pathlib import Path

import torch

from voi.errors import EngineError

MIB = 2**20
WORKSPACE_BYTES = 600 * MIB  # CUDA's own, recordings, the vocoder's intermediate results: an allowance


class NoRoom(EngineError):
    """More memory is needed than there is."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes. `per_slot`: keys, values and latents of one sentence."""

    weights: int
    per_slot: int
    slots: int

    def total(self, workspace: int) -> int:
        return self.weights + self.per_slot * self.slots + workspace


def check_fits(need: Need, device: torch.device, limit: int | None) -> None:
    """NoRoom that says how many slots would fit. `limit`: what the operator grants, None for all that is free."""
    workspace = WORKSPACE_BYTES if device.type == "cuda" else 0
    free = free_bytes(device)
    granted = min(free, limit) if limit is not None else free
    total = need.total(workspace)
    if total <= granted:
        return
    fitting = max(0, (granted - need.weights - workspace) // max(1, need.per_slot))
    advice = f"at most {fitting} slots fit" if fitting else "not even one slot fits"
    raise NoRoom(
        f"XTTS with {need.slots} slots needs {total // MIB} MiB on {device} ({need.weights // MIB} for the model, "
        f"{need.per_slot // MIB} for each slot), but there are {granted // MIB}: {advice}.",
        engine="xtts",
    )


def free_bytes(device: torch.device) -> int:
    """Free memory of the device; on the CPU that of the machine."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    meminfo = Path("/proc/meminfo")  # Linux; elsewhere nobody can say, and nothing is refused
    if not meminfo.exists():
        return 2**62
    available = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
    return int(available.split()[1]) * 1024


def give_back(device: str) -> None:
    """What unloaded models leave behind, to the device."""
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
