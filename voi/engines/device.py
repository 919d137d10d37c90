"""The device that engines compute on: its options, and its memory."""

import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from voi.config.secret_refs import resolved
from voi.config.usual_variables import key_variable, variable
from voi.engines.info import EngineInfo, info_of
from voi.errors import ConfigError

AUTO = "auto"
GENERAL = ("models_dir", "device")
"""Options from the server's settings, for every engine that takes them."""
MIB = 2**20
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
"""Exists on Linux with an NVIDIA driver."""
_DRIVERS = (NVIDIA_DRIVER, Path("/dev/dxg"))
"""The latter is a GPU as Windows's Linux sees it."""


Capability: TypeAlias = tuple[int, int]
LEAST_CAPABILITY: dict[int, Capability] = {13: (7, 5)}
"""By CUDA's major version, where GPUs that drivers still know are left out: CUDA 13 compiles nothing for Maxwell,
Pascal and Volta. From docs.nvidia.com/cuda/cuda-toolkit-release-notes."""
OLDER_TORCH = "install a torch that was built for an older CUDA (12.6), or use another GPU"


_OF_TORCH = {"AcceleratorError": True, "OutOfMemoryError": False}
_SIGNS_OF_BREAKING = (
    "CUDA error", "CUBLAS_STATUS_", "CUDNN_STATUS_", "cuFFT error",  # torch's
    "CUDA failed with error", "cuBLAS failed with status", "cuDNN failed with status",  # CTranslate2's
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a device, in bytes."""

    device: str
    free: int
    total: int


def engine_options(
    factory: Callable[..., Any], models_dir: Path, device: str, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`options`, and those of the settings (`GENERAL`) that the engine takes and `options` lack.

    References to environment variables in `options` are resolved. A service's key that they do not name is that of the
    service's usual variable. Raises ConfigError for a variable that is not set, and for an invalid device."""
    general: dict[str, Any] = {"models_dir": models_dir} | ({} if device == AUTO else {"device": device})
    given = {name: value for name, value in general.items() if _takes(factory, name)} | resolved(
        {**_usual_key(factory, options or {}), **(options or {})}, "options"
    )
    wish = given.get("device", AUTO)
    if _takes(factory, "device") and not re.fullmatch(r"auto|cpu|cuda(:\d+)?", str(wish)):
        raise ConfigError(f"`device` must be auto, cpu, cuda or cuda:NUMBER, not {str(wish)[:40]!r}.")
    return given


def _usual_key(factory: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, str]:
    """A reference to the variable that holds the key, as the option that is missing. One that is not set is left out
    where the engine can do without a key."""
    if "api_key" in options or not _takes(factory, "api_key"):
        return {}
    name = key_variable(info_of(factory, "").name, options.get("url"))
    needed = inspect.signature(factory).parameters["api_key"].default is inspect.Parameter.empty
    return {"api_key": f"${{{name}}}"} if name and (needed or variable(name)) else {}


def device_name(wish: str) -> str:
    """The one name of a device, whichever way it was asked for: cpu, cuda:0, cuda:1. No package is imported for it, so
    `auto` is taken for a GPU's where there is a driver for one."""
    if wish == AUTO:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        return "cuda:0" if seen not in ("", "-1") and any(map(Path.exists, _DRIVERS)) else "cpu"
    return "cuda:0" if wish == "cuda" else wish


def slow_note(info: EngineInfo, options: Mapping[str, Any]) -> str:
    """A note for the log when an engine that was made for a GPU runs without one; "" otherwise."""
    if not info.gpu:
        return ""
    device = options.get("device", AUTO)
    if device == "cpu" or (device == AUTO and gpu_memory() is None):
        unused = device == AUTO and NVIDIA_DRIVER.exists()
        why = ". This machine has an NVIDIA driver: voi doctor says why its GPU is not used" if unused else ""
        return f"it computes on the CPU and is slow: it was made for a GPU{why}"
    return ""


def gpu_memory(device: str = AUTO) -> Memory | None:
    """Memory of the GPU that engines use. None without a GPU, or before an engine has imported torch or ctranslate2
    (this function imports neither)."""
    if torch := sys.modules.get("torch"):
        if not torch.cuda.is_available():
            return None
        index = int(device.partition(":")[2] or 0) if device.startswith("cuda") else 0
        free, total = torch.cuda.mem_get_info(index)
        return Memory(f"cuda:{index}, {torch.cuda.get_device_name(index)}", free, total)
    if (ctranslate2 := sys.modules.get("ctranslate2")) and ctranslate2.get_cuda_device_count():
        return Memory("cuda", 0, 0)
    return None


def is_broken(error: BaseException) -> bool:
    """Whether the GPU's libraries may refuse all further work of the process after this. Want of memory, as torch's
    allocator tells of it, is no such thing."""
    if (kind := type(error).__name__) in _OF_TORCH:
        return _OF_TORCH[kind]
    return any(sign in str(error) for sign in _SIGNS_OF_BREAKING)


def own_memory_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def machine_memory() -> Memory | None:
    """Memory of the machine; None where the system does not tell."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in meminfo.read_text().splitlines()}
    return Memory("this machine", sizes["MemAvailable"], sizes["MemTotal"])


def _takes(factory: Callable[..., Any], option: str) -> bool:
    return option in inspect.signature(factory).parameters
