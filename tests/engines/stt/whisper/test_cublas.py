"""Where the library is found, with libraries that are none."""

import ctypes
import sys
from pathlib import Path

import pytest

from voi.engines.stt.whisper.cublas import LIBRARY, load_cublas
from voi.errors import EngineError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another system's libraries have other names")


@pytest.mark.parametrize("there", ["system", "pip", "nowhere"])
def test_where_cublas_is_found(there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    if there == "pip":
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("nvidia", "nvidia.cublas"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    found = {"system": LIBRARY, "pip": str(folder / LIBRARY), "nowhere": ""}[there]
    loaded = []

    def load(name: str, mode: int) -> None:
        if name != found:
            raise OSError(f"{name}: cannot open shared object file")
        loaded.append((name, mode))

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert load_cublas() is (there != "nowhere")
    assert loaded == ([(found, ctypes.RTLD_GLOBAL)] if found else [])


def test_that_it_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faster_whisper")
    from voi.engines.stt.whisper import faster_backend

    for name in ("model.bin", "tokenizer.json"):
        (tmp_path / name).touch()
    monkeypatch.setattr(faster_backend, "load_cublas", lambda: False)
    options = {"models_dir": tmp_path, "precision": "auto", "max_batch": 1}
    for device, says in (("cuda:0", "pip install nvidia-cublas-cu12"), ("cpu", "cannot be loaded")):
        with pytest.raises(EngineError, match=says):
            faster_backend.FasterBackend(str(tmp_path), device=device, **options).load()  # type: ignore[arg-type]
