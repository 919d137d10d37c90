"""Memory by sizes, beside what the engines themselves count."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from voi.cli import engine_sizes
from voi.cli.engine_sizes import WHISPERS, published_xtts, size_of_engine
from voi.errors import ConfigError, EngineError

MODELS = Path("nowhere")


def test_published_models() -> None:
    """Whisper small keeps 2 x 12 layers x 1948 places x 768 wide and its alignment, 83 MiB a pass; XTTS 123 MiB."""
    small = WHISPERS["small"].size(2)
    assert round(small.each) == 83
    assert round(small.weights) == 465
    assert round(published_xtts(2).each) == 123
    assert small.fitting(24_000, True) == (24_000 - 465 - 1_000) // 83.1
    assert small.fitting(1_000, True) == 0
    assert small.total(True) == small.total(False) + engine_sizes.WORKSPACE_MIB


def xtts(folder: Path, **changed: Any) -> dict[str, Any]:
    files = {"checkpoint": folder / "model.pth", "config": folder / "config.json", "voices": folder / "voices.pth"}
    for file in (files["checkpoint"], files["voices"]):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02.")
            archive.writestr("archive/data/0", bytes(4 * 2**20))
    files["config"].write_text(json.dumps({"model_args": {"gpt_layers": 15}}))
    (folder / "vocab.json").write_text("{}")
    return {name: str(file) for name, file in files.items()} | changed


def test_a_configured_xtts(tmp_path: Path) -> None:
    options = xtts(tmp_path, slots=8)
    on_gpu, on_cpu = (size_of_engine("xtts", options, MODELS, gpu=gpu) for gpu in (True, False))
    assert on_gpu.weights == pytest.approx(2, abs=0.1)  # half of what full precision takes in the file
    assert on_gpu.each == pytest.approx(published_xtts(2).each / 2, rel=0.02)  # half the layers
    assert on_gpu.at_once == 9
    assert on_cpu.weights == 2 * on_gpu.weights
    assert on_cpu.each == pytest.approx(2 * on_gpu.each, rel=0.01)


def test_files_that_are_missing_or_cut_off(tmp_path: Path) -> None:
    options = xtts(tmp_path)
    whole = Path(options["checkpoint"]).read_bytes()
    Path(options["checkpoint"]).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineError, match=r"model.pth is not what torch.save writes, or is not whole"):
        size_of_engine("xtts", options, MODELS, gpu=True)
    Path(options["voices"]).unlink()
    with pytest.raises(ConfigError, match="voices: there is no file"):
        size_of_engine("xtts", options, MODELS, gpu=True)


def test_a_whisper_checkpoint_tells_its_shape(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    file = tmp_path / "mine.pt"
    dims = {"n_mels": 80, "n_text_state": 768, "n_text_head": 12, "n_text_layer": 12}
    torch.save({"dims": dims, "model_state_dict": {"x": torch.zeros(2**20)}}, file)
    size = size_of_engine("whisper", {"model": str(file), "max_batch": 4}, MODELS, gpu=True)
    assert size.each == WHISPERS["small"].size(2).each
    assert size.at_once == 4
    assert size.weights == pytest.approx(4, abs=0.1)
    torch.save({"model": 1}, file)
    with pytest.raises(EngineError, match="says nothing of n_text_layer"):
        size_of_engine("whisper", {"model": str(file)}, MODELS, gpu=True)


def test_a_converted_whisper(tmp_path: Path) -> None:
    folder = tmp_path / "faster-whisper-tiny"
    folder.mkdir()
    for name in ("model.bin", "tokenizer.json"):
        (folder / name).write_bytes(bytes(2**20))
    size = size_of_engine("faster-whisper", {"model": "tiny"}, tmp_path, gpu=True)
    assert (size.weights, size.each) == (1, WHISPERS["tiny"].size(2).each)
    with pytest.raises(EngineError, match="voi models pull faster-whisper-small"):
        size_of_engine("faster-whisper", {}, tmp_path, gpu=True)
