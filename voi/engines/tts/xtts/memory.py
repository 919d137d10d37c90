"""Checks whether a model fits, before anything is allocated."""

import gc
from pathlib import Path

import torch

from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES, Need
from voi.errors import EngineError


class NoRoom(EngineError):
    """More memory is needed than there is."""


def workspace_bytes(device: torch.device) -> int:
    """Bytes that a model needs beside its weights and slots. On the CPU this is small, and 0 here."""
    return WORKSPACE_BYTES if device.type == "cuda" else 0


def check_fits(need: Need, device: torch.device, limit: int | None) -> None:
    """Raises NoRoom, which says how many slots would fit. `limit`: bytes that the operator grants; None for all free
    memory."""
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
    )


def free_bytes(device: torch.device) -> int:
    """Free memory of the device; on the CPU that of the machine, or of its container if that is less."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    meminfo = Path("/proc/meminfo")  # Linux; on other systems it is unknown, and nothing is refused
    if not meminfo.exists():
        return 2**62
    available = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
    return min(int(available.split()[1]) * 1024, _container_bytes())


def _container_bytes(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that the container may still take (control groups, version 2). Cached files count as free."""
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 2**62
    return 2**62 if limit == "max" else max(0, int(limit) - used + int(stat.get("inactive_file", 0)))


def give_back(device: str) -> None:
    """Return the memory of unloaded models to the device."""
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
