"""Missing weights of Whisper: `voi serve` downloads them at its start, and `voi doctor` says so before."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voi.cli.engine_sizes import WHISPER_CALLERS, WHISPERS, Size, bytes_of_a_number
from voi.engines.stt.whisper.weights import ALIASES, SIZES, checkpoint, converted, megabytes, reach
from voi.errors import EngineError

_ASK_S = 5.0
_FIND = {"whisper": checkpoint, "faster-whisper": converted}


def to_fetch(engine: str, options: Mapping[str, Any], models_dir: Path) -> str | None:
    """The size of Whisper that the start would download; None when nothing is missing, or it cannot be downloaded."""
    model = str(options.get("model", "small"))
    size = ALIASES.get(model, model)
    if engine not in _FIND or size not in SIZES:
        return None
    with contextlib.suppress(EngineError):
        _FIND[engine](model, models_dir)
        return None
    return size


def hindrance(engine: str, size: str, models_dir: Path) -> str:
    """Why the start cannot fetch it; empty if it can. It asks for it, and takes nothing."""
    folder = models_dir.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return f"{there} cannot be written: set VOI_MODELS_DIR to a folder that can."
    free_mb = shutil.disk_usage(there).free // 10**6
    if free_mb < megabytes(size):
        return f"{there} has {free_mb:,} MB free, and it takes {megabytes(size):,}: make room, or set VOI_MODELS_DIR."
    try:
        reach(engine, size, _ASK_S)
    except OSError as error:
        return f"{error}. With a connection, `voi models pull {engine}-{size}` fetches it."
    return ""


def published_size(size: str, options: Mapping[str, Any], *, gpu: bool) -> Size:
    """The memory that it will take, from published figures."""
    name = "large-v3" if size in ("large-v1", "large-v2") else size.removesuffix(".en")
    return WHISPERS[name].size(bytes_of_a_number(options, gpu=gpu), int(options.get("max_batch", WHISPER_CALLERS)))
