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

from voi.engines.device import MIB, Memory
from voi.engines.gpus import ask_driver, order_is_doubtful

CONTEXT = "CUDA"
CONTEXT_MIB = 400
"""CUDA's own memory in each process, where none was measured at a start."""
PRECISION = "float16"
"""What `auto` means on a GPU."""


def whisper_key(file: Path, precision: str, rows: int) -> tuple[object, ...]:
    """For a checkpoint of openai-whisper. `rows`: `max_batch`."""
    return "whisper", *_of(file), _usual(precision), rows


def faster_whisper_key(folder: Path, precision: str, rows: int) -> tuple[object, ...]:
    """For a model that CTranslate2 reads. `rows`: `max_batch`."""
    return "faster-whisper", *_of(folder / "model.bin"), _usual(precision), rows, _version("ctranslate2")


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


def by_driver(number: int) -> Memory | None:
    """A GPU's memory as its driver tells, which needs no context of CUDA; None where it does not tell, or may count the
    GPUs otherwise than CUDA does."""
    driver = ask_driver()
    if order_is_doubtful(driver) or number >= len(driver.gpus):
        return None
    return driver.gpus[number]


def free_by_driver(number: int) -> int | None:
    """Free bytes of the GPU; None: see `by_driver`."""
    memory = by_driver(number)
    return None if memory is None else memory.free


def context_bytes(gpu: str) -> int:
    """CUDA's own memory in each process that uses such a GPU: as measured at a start, else as assumed."""
    taken = kept(gpu, (CONTEXT,))
    return CONTEXT_MIB * MIB if taken is None else taken


def mib(taken: int) -> int:
    """Bytes in MiB, rounded."""
    return round(taken / MIB)


def _usual(precision: str) -> str:
    return PRECISION if precision == "auto" else precision


def _of(file: Path) -> tuple[str, int]:
    return str(file.absolute()), file.stat().st_size


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _file(gpu: str, key: tuple[object, ...]) -> Path:
    name = hashlib.sha256(json.dumps([gpu, _version("torch"), *key]).encode()).hexdigest()[:32]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voi" / "gpu-memory" / f"{name}.bytes"
