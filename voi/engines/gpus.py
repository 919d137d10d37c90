"""What the NVIDIA driver and the installed packages say about GPUs. It runs the driver's own tool and reads files;
torch is not imported, since that takes seconds."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from voi.engines.device import LEAST_CAPABILITY, MIB, NVIDIA_DRIVER, Capability, Memory

DRIVER_DEADLINE_S = 5
NO_CUDA = "This torch was built without CUDA: uninstall torch, and run ./install.sh again on this machine"
_TOOL = "nvidia-smi"
_FIELDS = "name,memory.free,memory.total,uuid,driver_version"
_NEWER_FIELD = "compute_cap"  # drivers before 2021 refuse the whole question for it
_OLDEST_DRIVERS = {11: 450, 12: 525, 13: 580}
"""Oldest driver for each major version of CUDA. From docs.nvidia.com/deploy/cuda-compatibility, "Minor Version
Compatibility"."""


@dataclass(frozen=True, slots=True)
class Driver:
    """`gpus` by number; `capabilities`: the compute capability of each, None where the driver does not tell; `fault`:
    why there are none, and `cure`. Without a driver all are empty."""

    gpus: Sequence[Memory] = ()
    version: str = ""
    capabilities: Sequence[Capability | None] = ()
    fault: str = ""
    cure: str = "Look at the driver: run nvidia-smi."


def ask_driver() -> Driver:
    """What `nvidia-smi` says of the driver and the GPUs; why it could not be asked is in `fault`."""
    if not shutil.which(_TOOL):
        if NVIDIA_DRIVER.exists():
            return Driver(fault="there is an NVIDIA driver, but no nvidia-smi", cure="Install the driver's tools.")
        return Driver()
    try:
        asked = _run(_query(f"{_FIELDS},{_NEWER_FIELD}"))
        if asked.returncode and _NEWER_FIELD in asked.stdout + asked.stderr:
            asked = _run(_query(_FIELDS))
    except subprocess.TimeoutExpired:
        return Driver(fault=f"nvidia-smi gives no answer within {DRIVER_DEADLINE_S} s")
    except OSError as error:
        return Driver(fault=f"nvidia-smi cannot be run ({error.strerror})")
    if asked.returncode:
        said = (asked.stdout.strip() or asked.stderr.strip() or f"it ends with {asked.returncode}").splitlines()[0]
        return Driver(fault=f"nvidia-smi fails: {said.rstrip('.')}")
    rows = [[part.strip() for part in line.split(",")] for line in asked.stdout.strip().splitlines()]
    try:
        visible = _visible([row[3] for row in rows])
        gpus = [
            Memory(f"cuda:{at}, {rows[row][0]}", int(rows[row][1]) * MIB, int(rows[row][2]) * MIB)
            for at, row in enumerate(visible)
        ]
        if rows and not gpus:
            return Driver(
                fault=f"CUDA_VISIBLE_DEVICES leaves none of {len(rows)} GPUs",
                cure="Unset it, or name a GPU as nvidia-smi -L does.",
            )
        capabilities = [_capability(rows[row][5:]) for row in visible]
        return Driver(gpus, rows[0][4] if rows else "", capabilities)
    except (ValueError, IndexError):
        return Driver(fault="nvidia-smi does not tell the memory")


def _query(fields: str) -> Sequence[str]:
    return _TOOL, f"--query-gpu={fields}", "--format=csv,noheader,nounits"


def _capability(told: Sequence[str]) -> Capability | None:
    """From "9.0". Drivers before 2021 do not know the question."""
    found = re.fullmatch(r"(\d+)\.(\d+)", told[0]) if told else None
    return (int(found[1]), int(found[2])) if found else None


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Like subprocess.run, which waits for what it killed: a tool whose driver hangs may never end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=DRIVER_DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _visible(uuids: Sequence[str]) -> list[int]:
    """Numbers of the GPUs in CUDA_VISIBLE_DEVICES, in its order, up to the first invalid one."""
    wish = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wish is None:
        return list(range(len(uuids)))
    numbers: list[int] = []
    for part in map(str.strip, wish.split(",")):
        by_number = part.isdecimal() and int(part) < len(uuids)
        named = [int(part)] if by_number else [at for at, uuid in enumerate(uuids) if part and uuid.startswith(part)]
        if len(named) != 1:
            break
        numbers += named
    return numbers


def order_is_doubtful(driver: Driver) -> bool:
    """Whether CUDA may number the GPUs differently: by default it counts the fastest first."""
    names = {gpu.device.partition(", ")[2] for gpu in driver.gpus}
    return len(names) > 1 and os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID"


def driver_wanted(driver: Driver) -> int:
    """The oldest driver version that the installed torch's CUDA supports, if this driver is older; else 0."""
    oldest = _OLDEST_DRIVERS.get(int((_torch_cuda() or "0").partition(".")[0]), 0)
    major = driver.version.partition(".")[0]
    return oldest if major.isdecimal() and int(major) < oldest else 0


def too_old_for_torch(driver: Driver) -> Sequence[int]:
    """Numbers of the GPUs for which the installed torch has no kernels."""
    least = LEAST_CAPABILITY.get(int((_torch_cuda() or "0").partition(".")[0]), (0, 0))
    return [number for number, has in enumerate(driver.capabilities) if has is not None and has < least]


def torch_has_cuda() -> bool | None:
    """Whether the installed torch was built for CUDA; None: there is no torch."""
    cuda = _torch_cuda()
    return None if cuda is None else bool(cuda)


def _torch_cuda() -> str | None:
    """The version of CUDA that torch was built for, by the file that says so; "": for none. None: there is no torch."""
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(spec.submodule_search_locations[0]) / "version.py"
    text = file.read_text() if file.exists() else ""
    found = re.search(r"^cuda\b[^=]*=\s*['\"]([0-9.]+)", text, re.MULTILINE)
    return found[1] if found else ""


def missing_packages(extra: str) -> list[str]:
    """Packages of one of Voi's extras that are not installed."""
    wanted = [need for need in requires("voi") or () if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", need)]
    return [name for need in wanted if not _installed(name := re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0])]


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False
