"""What the NVIDIA driver and the installed packages say of GPUs. Asks the driver's own tool and reads files: torch is
not imported, which takes seconds."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from voi.engines.device import MIB, Memory

DRIVER_DEADLINE_S = 5
NO_CUDA = "This torch was built without CUDA: uninstall torch, and run ./install.sh again on this machine"
_QUERY = ("nvidia-smi", "--query-gpu=name,memory.free,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True, slots=True)
class Driver:
    """`gpus` by number; `fault`: why the driver cannot tell. Without a driver both are empty."""

    gpus: Sequence[Memory] = ()
    fault: str = ""


def ask_driver() -> Driver:
    if not shutil.which(_QUERY[0]):
        return Driver()
    try:
        asked = subprocess.run(_QUERY, capture_output=True, text=True, timeout=DRIVER_DEADLINE_S, check=True)
        rows = [[part.strip() for part in line.split(",")] for line in asked.stdout.strip().splitlines()]
        return Driver([
            Memory(f"cuda:{at}, {rows[row][0]}", int(rows[row][1]) * MIB, int(rows[row][2]) * MIB)
            for at, row in enumerate(_visible(len(rows)))
        ])  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        return Driver(fault=f"nvidia-smi fails ({type(error).__name__})")
    except (ValueError, IndexError):
        return Driver(fault="nvidia-smi does not tell the memory")


def _visible(count: int) -> list[int]:
    """Numbers of the GPUs that CUDA_VISIBLE_DEVICES leaves to us, in its order."""
    wish = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wish is None:
        return list(range(count))
    numbers = [int(part) if part.strip().isdecimal() else count for part in wish.split(",")]
    return numbers[: next((at for at, number in enumerate(numbers) if number >= count), len(numbers))]


def torch_has_cuda() -> bool | None:
    """Whether the installed torch was built for CUDA, by the file that says so; None: there is no torch."""
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(spec.submodule_search_locations[0]) / "version.py"
    text = file.read_text() if file.exists() else ""
    return re.search(r"^cuda\b[^=]*=\s*['\"]", text, re.MULTILINE) is not None


def missing_packages(extra: str) -> list[str]:
    """Packages of one of Voi's extras that are not installed."""
    wanted = [need for need in requires("voi") or () if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", need)]
    return [name for need in wanted if not _installed(name := re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0])]


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False
