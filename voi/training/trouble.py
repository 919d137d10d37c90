"""Turns trouble around training into clear errors: the disk, the GPU's memory, the processes that read recordings."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from voi.errors import ConfigError, EngineError

_READERS = re.compile(r"DataLoader worker \(pid|DataLoader timed out|shared memory|</?torch_")
"""Matches torch's messages about a killed reader process, or full shared memory."""

OTHERWISE = "CUDA_VISIBLE_DEVICES=1 takes the second one, CUDA_VISIBLE_DEVICES=-1 none: a CPU is slow and suffices."
"""Advice for commands that do not need a GPU."""


@contextmanager
def disk_told(what: str) -> Iterator[None]:
    """Raises ConfigError when a folder is full, read-only or gone. `what`: what failed, for the error."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise ConfigError(f"{what} cannot go on. {where}{error.strerror or error}") from error


@contextmanager
def gpu_memory_told(advice: str) -> Iterator[None]:
    """Raises EngineError with `advice` when the GPU's memory is full."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EngineError(
            "The GPU's memory does not suffice. If something else is on it (nvidia-smi tells), end that or choose "
            f"another GPU. {advice}",
        ) from error


@contextmanager
def readers_told() -> Iterator[None]:
    """Raises ConfigError when a process that reads recordings was killed, or the shared memory is full."""
    try:
        yield
    except RuntimeError as error:
        if not _READERS.search(str(error)):
            raise
        raise ConfigError(
            "A process that reads recordings has failed: the memory, or the shared memory (/dev/shm; in Docker: "
            "--shm-size), does not suffice. The run goes on from its last checkpoint with fewer --workers; 0 needs "
            f"none. ({str(error).splitlines()[0]})"
        ) from error
