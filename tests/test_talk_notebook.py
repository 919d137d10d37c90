"""notebooks/talk.ipynb is valid, clean, and its cells talk to a running server."""

import ast
import inspect
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "talk.ipynb"


def cells() -> list[str]:
    every = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in every if cell["cell_type"] == "code"]


async def run(source: str, names: dict[str, Any]) -> None:
    """As Jupyter does it: a cell may await."""
    code = compile(source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, names)
    if inspect.isawaitable(done):
        await done


def test_it_is_a_valid_notebook_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))
    every = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    code = [cell for cell in every if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.integration
async def test_its_cells_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played: list[Any] = []
    shown = types.ModuleType("IPython.display")
    shown.Audio = lambda samples, rate: (samples, rate)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    monkeypatch.setenv("TOKEN_SECRET_KEY", SECRET)
    monkeypatch.delenv("VOI_TOKEN", raising=False)
    names: dict[str, Any] = {"display": played.append}  # Jupyter has it built in
    where, *rest = cells()
    async with serving(tmp_path, monkeypatch, fake_engines("what can you do for your country")) as running:
        await run(where, names)
        names |= {
            "URL": f"ws://127.0.0.1:{running.port}/ws",
            "AGENT": "echo",
            "RECORDING": ROOT / "tests" / "data" / "audio" / "spk1_snt1.wav",
        }
        for source in rest:
            await run(source, names)
    told = capsys.readouterr().out
    assert "assistant: Hello there my friend." in told
    assert "assistant: I need a holiday" in told
    assert "user: what can" in told
    assert "the server says" not in told
    assert len(played) == 3
    assert all(len(samples) > 5_000 and rate == 24_000 for samples, rate in played)
    cut = next(line for line in told.splitlines() if line.startswith("heard:"))
    assert cut.startswith("heard: Hello there")
    assert "friend" not in cut
