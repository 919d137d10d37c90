"""Whether a model fits, before anything is allocated."""

import gc
from dataclasses import dataclass
from pathlib import Path

import torch

from voi.engines.tts.xtts.layout import Layout
from voi.errors import EngineError

MIB = 2**20
# What CUDA has besides weights and slots, an allowance: results between the layers of 8 of the longest windows (6 times
# 40 MB) and of 8 prefixes (100 MB), cuBLAS's workspace for two streams (64 MiB), and some 100 recordings of 300 to 700
# kernels each (up to 2 MiB).
WORKSPACE_BYTES = 600 * MIB


class NoRoom(EngineError):
    """More memory is needed than there is."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes. `per_slot`: keys, values, latents and rules of one sentence."""

    weights: int
    per_slot: int
    slots: int

    def total(self, workspace: int) -> int:
        """With one slot more, which takes what is only padding."""
        return self.weights + self.per_slot * (self.slots + 1) + workspace


def slot_bytes(layout: Layout, conditioning: int, bytes_each: int) -> int:
    """Of one sentence; `bytes_each`: of a number in the GPT's precision."""
    steps = layout.max_codes + 1
    latents = steps * layout.gpt_n_model_channels * bytes_each
    rules = steps * 4 + layout.gpt_num_audio_tokens  # quantiles, and which codes were used
    return layout.cache_bytes(conditioning, bytes_each) + latents + rules


def workspace_bytes(device: torch.device) -> int:
    """On the CPU what is used between the layers comes and goes, and is small."""
    return WORKSPACE_BYTES if device.type == "cuda" else 0


def check_fits(need: Need, device: torch.device, limit: int | None) -> None:
    """NoRoom that says how many slots would fit. `limit`: what the operator grants, None for all that is free."""
    workspace = workspace_bytes(device)
    free = free_bytes(device)
    granted = min(free, limit) if limit is not None else free
    total = need.total(workspace)
    if total <= granted:
        return
    fitting = max(0, (granted - need.weights - workspace) // max(1, need.per_slot) - 1)
    advice = f"at most {fitting} slots fit" if fitting else "not even one slot fits"
    raise NoRoom(
        f"XTTS with {need.slots} slots needs {total // MIB} MiB on {device} ({need.weights // MIB} for the model, "
        f"{need.per_slot // MIB} for each slot), but there are {granted // MIB}: {advice}.",
        engine="xtts",
    )


def free_bytes(device: torch.device) -> int:
    """Free memory of the device; on the CPU that of the machine, or what its container may still take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    meminfo = Path("/proc/meminfo")  # Linux; elsewhere nobody can say, and nothing is refused
    if not meminfo.exists():
        return 2**62
    available = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
    return min(int(available.split()[1]) * 1024, _container_bytes())


def _container_bytes(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Control groups, version 2; a file that was read and can be read again counts as free."""
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 2**62
    return 2**62 if limit == "max" else max(0, int(limit) - used + int(stat.get("inactive_file", 0)))


def give_back(device: str) -> None:
    """What unloaded models leave behind, to the device."""
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
