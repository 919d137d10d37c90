"""Modules that are compiled when Voi is installed, where there is a compiler."""

import importlib
import logging
import sys
import zlib
from pathlib import Path
from typing import Any

ALL = ("voi.engines.vad._silero", "voi.audio._resample", "voi.engines.voice._features")

log = logging.getLogger(__name__)


def compiled_module(name: str) -> Any:
    """The compiled module; None if Voi was installed without a compiler, or if its source has changed since: then a
    warning says so, since one that is not of this version may take other arguments."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    source = Path(module.__file__ or "").with_name(f"{name.rpartition('.')[2]}.c")
    if source.is_file() and getattr(module, "SOURCE_CRC32", None) != zlib.crc32(source.read_bytes()):
        log.warning("%s was compiled from another version: run ./install.sh. Until then it is computed in numpy.", name)
        return None
    return module


if __name__ == "__main__":  # for install.sh: whether there is nothing to compile
    sys.exit(any(compiled_module(name) is None for name in ALL))
