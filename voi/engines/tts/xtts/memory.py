"""Checks whether a model fits, before anything is allocated."""

import gc
import logging
from pathlib import Path

import torch

from voi.engines import cuda_device
from voi.engines.cuda_graphs import release_memory
from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES, Need
from voi.errors import EngineError

log = logging.getLogger(__name__)


class NoRoom(EngineError):
    """More memory is needed than there is."""


_measured: dict[torch.device, int] = {}
"""What the last model took beside weights and slots, where that was more than had been counted on."""


def workspace_bytes(device: torch.device) -> int:
    """Bytes that a model needs beside its weights and slots. On the CPU this is small, and 0 here."""
    return max(WORKSPACE_BYTES, _measured.get(device, 0)) if device.type == "cuda" else 0


def measure(need: Need, device: torch.device, free_before: int) -> None:
    """Compare the memory that a model took, once everything is recorded, with what was expected. What libraries take
    differs from GPU to GPU: if it is more, a warning says so, and the next model is expected to take as much."""
    if device.type != "cuda":
        return
    took = free_before - free_bytes(device) - need.total(0)
    if took <= workspace_bytes(device):
        return
    log.warning(
        "XTTS takes %d MiB of %s beside the model and its slots, %d more than was counted on: leave as much free, or "
        "set fewer `slots`",
        took // MIB,
        device,
        (took - workspace_bytes(device)) // MIB,
    )
    _measured[device] = took


def check_fits(need: Need, device: torch.device, limit: int | None, taken: int | None = None) -> None:
    """Raises NoRoom, which says how many slots would fit. `limit`: bytes that the operator grants; None for all free
    memory. `taken`: what the same model took at an earlier start, if that was measured."""
    workspace = workspace_bytes(device) if taken is None else max(0, taken - need.total(0))
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
        return cuda_device.free_bytes(device)
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
        release_memory()
