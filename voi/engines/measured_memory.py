"""What models and CUDA itself really took of a GPU, measured at a start and kept for the next one and for `voi doctor`.

What a model takes depends on the GPU, on torch and on its options, so a measurement counts for these alone. Each is a
file of its own in the user's cache: engines in several processes need no lock. Torch is not imported here.
"""

import contextlib
import hashlib
import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from voi.engines.device import MIB
from voi.engines.gpus import ask_driver, order_is_doubtful

CONTEXT = "CUDA"
PRECISION = "float16"
"""What `auto` means on a GPU."""


def whisper_key(file: Path, precision: str, rows: int) -> tuple[object, ...]:
    """For a checkpoint of openai-whisper. `rows`: `max_batch`."""
    return "whisper", *_of(file), _usual(precision), rows


def xtts_key(file: Path, precision: str, vocoder_precision: str, slots: int, tuning: object) -> tuple[object, ...]:
    """For a checkpoint of XTTS. `tuning`: the option's names, in any order."""
    names = sorted(tuning) if isinstance(tuning, (list, tuple, set, frozenset)) else []
    vocoder = "tf32" if vocoder_precision == "auto" else vocoder_precision
    return "xtts", *_of(file), _usual(precision), vocoder, slots, *names


def keep(gpu: str, key: tuple[object, ...], taken: int) -> None:
    """Keep what was measured, in bytes. `gpu`: the GPU's name. What is not positive is no measurement: others gave
    memory back meanwhile. Where nothing can be written, nothing is kept."""
    if taken <= 0:
        return
    file = _file(gpu, key)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(f"{taken}\n")
        partial.replace(file)


def kept(gpu: str, key: tuple[object, ...]) -> int | None:
    """Bytes that were measured; None without a measurement."""
    with contextlib.suppress(OSError, ValueError):
        return int(_file(gpu, key).read_text())
    return None


def free_by_driver(number: int) -> int | None:
    """Free bytes of the GPU as its driver tells, which needs no context of CUDA; None where it does not tell, or may
    count the GPUs otherwise than CUDA does."""
    driver = ask_driver()
    if order_is_doubtful(driver) or number >= len(driver.gpus):
        return None
    return driver.gpus[number].free


def mib(taken: int) -> int:
    return round(taken / MIB)


def _usual(precision: str) -> str:
    return PRECISION if precision == "auto" else precision


def _of(file: Path) -> tuple[str, int]:
    return str(file.absolute()), file.stat().st_size


def _file(gpu: str, key: tuple[object, ...]) -> Path:
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    name = hashlib.sha256(json.dumps([gpu, torch, *key]).encode()).hexdigest()[:32]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voi" / "gpu-memory" / f"{name}.bytes"
