"""Loads cuBLAS for CTranslate2, which needs it on a GPU, does not ship it, and looks it up by name."""

import contextlib
import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

LIBRARY = "libcublas.so.12"
CURE = f"It needs {LIBRARY} of CUDA 12: pip install nvidia-cublas-cu12."


def load_cublas() -> bool:
    """Load cuBLAS so that it is found by its name: the system's, or else pip's. Returns False when there is none."""
    if sys.platform != "linux":
        return True  # unknown system: let CTranslate2 try
    for name in (LIBRARY, *(str(folder / LIBRARY) for folder in _folders_of_pip())):
        with contextlib.suppress(OSError):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
            return True
    return False


def _folders_of_pip() -> list[Path]:
    with contextlib.suppress(ModuleNotFoundError):  # the package `nvidia`, which contains all such packages
        if spec := find_spec("nvidia.cublas"):
            return [Path(place) / "lib" for place in spec.submodule_search_locations or ()]
    return []
