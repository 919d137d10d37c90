"""The names in a file of voices, told without torch: the server asks, which runs its engines in other processes."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

NAMES_LIMIT_BYTES = 16 * 2**20
"""Of the pickle, without the tensors' numbers: ten thousand voices take some two."""


class _Left:
    """Stands for whatever is no plain value. Nothing of it is made, and nothing in the file is run."""

    def __new__(cls, *_: Any, **__: Any) -> "_Left":
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None: ...


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        return dict if (module, name) == ("collections", "OrderedDict") else _Left

    def persistent_load(self, pid: object) -> None:
        """A tensor's numbers."""


def names_in(path: Path) -> tuple[str, ...] | None:
    """None: it cannot be told here, and `load_voices` says what is wrong, if anything. Blocks.

    `torch.save` writes an archive in which one pickle has the containers, and names the tensors' numbers, which are
    files of their own."""
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith("/data.pkl"))
            if archive.getinfo(name).file_size > NAMES_LIMIT_BYTES:
                return None
            with archive.open(name) as file:
                found = _Plain(file).load()
    except Exception:  # whatever a broken or hostile file provokes
        return None
    return tuple(map(str, found)) if isinstance(found, dict) else None
