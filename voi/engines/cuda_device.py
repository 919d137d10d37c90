"""A CUDA device as torch knows it: whether it can be used, and what of it is free."""

from collections.abc import Sequence

import torch

from voi.engines.device import OLDER_TORCH, Capability
from voi.engines.measured_memory import CONTEXT, free_by_driver, keep
from voi.errors import EngineError


def require(device: torch.device, whose: str) -> None:
    """EngineError where there is no such device, or none that this torch can compute on. `whose`: the engine's name.
    May be the first use of CUDA in this process, which fails where the device is full or taken; what CUDA takes for
    itself is then measured."""
    if not torch.cuda.is_available():
        raise EngineError(f"{whose}: `device` is {device}, but torch finds no GPU: voi doctor says why.")
    if (count := torch.cuda.device_count()) <= device.index:
        raise EngineError(f"{whose}: `device` is {device}, but torch finds only {count} GPU(s).")
    free_before = None if torch.cuda.is_initialized() else free_by_driver(device.index)
    try:
        capability = torch.cuda.get_device_capability(device)
        torch.cuda.mem_get_info(device)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise EngineError(f"{whose}: {device} cannot be used: {reason}") from None
    if not has_kernels(capability, torch.cuda.get_arch_list()):
        raise EngineError(
            f"{whose}: {device} has compute capability {capability[0]}.{capability[1]}, for which this torch (CUDA "
            f"{torch.version.cuda}) has no kernels: {OLDER_TORCH}."
        )
    if free_before is not None and (free := free_by_driver(device.index)) is not None:
        keep(torch.cuda.get_device_name(device), (CONTEXT,), free_before - free)


def gpu_name(device: str) -> str:
    """What the maker calls that GPU. `device`: such as cuda or cuda:1."""
    return torch.cuda.get_device_name(device)


def free_bytes(device: torch.device) -> int:
    """Free memory of the device, as CUDA tells."""
    return torch.cuda.mem_get_info(device)[0]


def keep_taken(device: torch.device, key: tuple[object, ...], free_before: int) -> None:
    """Keep what a model took of the device, once all of it is loaded, recorded and has worked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        keep(torch.cuda.get_device_name(device), key, free_before - free_bytes(device))


def has_kernels(capability: Capability, architectures: Sequence[str]) -> bool:
    """Whether code for these runs on such a device: that of its own generation up to it ("sm_80" on 8.6), and what the
    driver compiles for it ("compute_90" on 10.0). What is for one device alone ("sm_90a") runs on that one."""
    return not architectures or any(_runs(capability, *architecture.split("_")) for architecture in architectures)


def _runs(capability: Capability, kind: str, number: str) -> bool:
    digits = number.rstrip("af")
    of = (int(digits[:-1]), int(digits[-1]))
    if digits != number:
        return of == capability
    return of <= capability and (kind == "compute" or of[0] == capability[0])
