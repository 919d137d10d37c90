"""notebooks/finetune_xtts.ipynb is valid, clean, and runs from its first cell to its last on a tiny model."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tests.training import tiny_base

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "finetune_xtts.ipynb"


def cells() -> list[dict[str, Any]]:
    return [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_valid_notebook_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells())


@pytest.mark.integration
def test_its_cells_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("soundfile", reason="the extra `train` is not installed")
    pytest.importorskip("soxr", reason="the extra `train` is not installed")
    pytest.importorskip("trainer", reason="the extra `train` is not installed")
    pytest.importorskip("TTS", reason="the extra `train` is not installed")
    pytest.importorskip("voi.training.coqui")
    import matplotlib
    import torch

    played: list[str] = []
    shown = types.ModuleType("IPython.display")
    shown.Audio = lambda file: file  # type: ignore[attr-defined]
    jupyter = types.ModuleType("IPython")
    jupyter.version_info, jupyter.get_ipython = (9, 0), lambda: None  # type: ignore[attr-defined]  # pyplot asks
    monkeypatch.setitem(sys.modules, "IPython", jupyter)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    torch.set_num_threads(1)
    matplotlib.use("agg")
    where, *rest = ["".join(cell["source"]) for cell in cells()]
    with tiny_base.small():
        names: dict[str, Any] = {"display": played.append}  # Jupyter has it built in
        exec(where, names)
        names |= {
            "RECORDINGS": tiny_base.recordings(tmp_path / "recordings"),
            "BASE": tiny_base.make(tmp_path / "base"),
            "DATA": tmp_path / "data",
            "RUN": tmp_path / "run",
            "OUT": tmp_path / "out",
            "SETTINGS": {"batch_size": 2, "steps": 2, "evaluate_every": 2, "save_every": 2, "clips": 1, "workers": 0},
        }
        for source in rest:
            exec(source, names)
    assert all(Path(file).stat().st_size > 1_000 for file in played)
    assert len(played) == 3 + 2 + 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.pth", "config.json", "vocab.json", "speakers_xtts.pth", "tts_models.json",
    }  # fmt: skip
