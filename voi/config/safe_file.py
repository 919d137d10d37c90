"""Changes files that several processes write: one process at a time, and completely or not at all."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voi.errors import ConfigError

LOCK_DEADLINE_S = 10.0
LOOK_EVERY_S = 0.05


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of that file, which is a file beside it. Raises ConfigError when another process holds it for
    longer than 10 s, OSError. Blocks."""
    deadline_s = time.monotonic() + LOCK_DEADLINE_S
    with path.with_name(f".{path.name}.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise ConfigError(f"Another process is changing {path}; try again.") from None
                time.sleep(LOOK_EVERY_S)
        yield


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace the file's content: `write` writes a temporary file beside it, which is then renamed. Readers, and a
    machine that crashes, have the old or the new content, never a mixture. Permissions stay. Call it inside `locked`,
    since it overwrites a temporary file that a crash left. Raises OSError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
