"""What training is given and cannot use, and what fails beneath it: each is told in words, and nothing is trained."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest

from tests.training import tiny_base
from voi.errors import ConfigError, VoiError

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")
pytest.importorskip("trainer", reason="the extra `train` is not installed")
pytest.importorskip("TTS", reason="the extra `train` is not installed")

import torch

from voi.training import manifest
from voi.training.base import Base
from voi.training.model import TrainedXtts, config_for
from voi.training.run import Options, Run
from voi.training.splits import TRAIN, VALIDATION
from voi.training.step_trainer import StepTrainer
from voi.training.weights import load_state
from voi.training.xtts_trainer import train

pytestmark = pytest.mark.integration

OPTIONS = Options(steps=4, batch_size=2, workers=0)


@pytest.fixture(scope="module", autouse=True)
def setting() -> Iterator[None]:
    torch.set_num_threads(1)
    with tiny_base.small():
        yield


def test_what_does_not_fit_is_refused(base: Base, data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in base.folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    state = load_state(base / "model.pth")
    torch.save(
        {"model": {key: value for key, value in state.items() if "conditioning" not in key}}, broken / "model.pth"
    )
    with pytest.raises(ConfigError, match=r"no whole XTTS-v2: \d+ weights are missing"):
        train(Base.at(broken), data, tmp_path / "run", OPTIONS)
    torch.save({"model": {key: value[:1] for key, value in state.items() if value.dim()}}, broken / "model.pth")
    with pytest.raises(ConfigError, match=r"does not fit the config.json"):
        train(Base.at(broken), data, tmp_path / "run", OPTIONS)


def _copy_of(base: Base, folder: Path) -> Base:
    folder.mkdir()
    for file in base.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return Base.at(folder)


@pytest.mark.parametrize("lacking", ["encoder.0.0.weight", "codebook.embed"])
def test_a_dvae_of_something_else_is_refused(base: Base, data: Path, tmp_path: Path, lacking: str) -> None:
    """Coqui would train on the codes of a random one, and say nothing."""
    other = _copy_of(base, tmp_path / "other")
    book = torch.load(base / "dvae.pth", weights_only=True)
    torch.save({key: value for key, value in book.items() if key != lacking}, other / "dvae.pth")
    with pytest.raises(ConfigError, match=rf"dvae.pth is not the DVAE of XTTS-v2.*{lacking}"):
        train(other, data, tmp_path / "run", OPTIONS)
    (other / "dvae.pth").write_bytes(b"no such thing")
    with pytest.raises(ConfigError, match=r"dvae\.pth cannot be loaded"):
        train(other, data, tmp_path / "run", OPTIONS)


@pytest.mark.parametrize("stats", [torch.ones(80, 1), torch.ones(1), torch.zeros(80), {"mel": torch.ones(80)}])
def test_mel_stats_of_something_else_are_refused(base: Base, data: Path, tmp_path: Path, stats: object) -> None:
    other = _copy_of(base, tmp_path / "other")
    torch.save(stats, other / "mel_stats.pth")
    with pytest.raises(ConfigError, match="a tensor of 80 numbers"):
        train(other, data, tmp_path / "run", OPTIONS)


def test_the_mel_stats_of_the_file_are_those_of_the_result(base: Base, tmp_path: Path) -> None:
    other = _copy_of(base, tmp_path / "other")
    torch.save(torch.full((80,), 3.0), other / "mel_stats.pth")
    model = TrainedXtts(config_for(other), load_state(other / "model.pth"), other / "model.pth")
    assert (model.xtts.mel_stats == 3).all()
    for spectrogram in (model.torch_mel_spectrogram_dvae, model.torch_mel_spectrogram_style_encoder):
        assert (spectrogram.mel_norms == 3).all()


def test_a_run_that_is_being_trained_is_left_alone(base: Base, data: Path, tmp_path: Path) -> None:
    with Run.start(tmp_path, base.folder, data, OPTIONS).alone(), pytest.raises(ConfigError, match="trained already"):
        train(base, data, tmp_path, OPTIONS)


def test_what_training_lacks_is_told(base: Base, data: Path, tmp_path: Path) -> None:
    other = _copy_of(base, tmp_path / "other")
    told: list[str] = []
    torch.save(torch.full((80,), 3.0), other / "mel_stats.pth")
    samples = manifest.read(data)
    for split, lacking in ((TRAIN, "for validation"), (VALIDATION, "to train on")):
        shutil.copytree(data / "wavs", tmp_path / split / "wavs")
        manifest.write(tmp_path / split, [replace(sample, split=split) for sample in samples])
        with pytest.raises(ConfigError, match=f"has no recording {lacking}"):
            train(other, tmp_path / split, tmp_path / f"{split} run", OPTIONS, told.append)
    assert any("mel_stats.pth is not what model.pth was trained with" in line for line in told)


@pytest.mark.parametrize(
    ("gpu", "told"), [(2, "no GPU 2: of 2, the last is 1"), (1, "names 2 GPUs; training uses one")]
)
def test_gpus_that_are_not_meant_are_told(
    base: Base, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: int, told: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(ConfigError, match=told):
        train(base, data, tmp_path / "run", replace(OPTIONS, gpu=gpu))


def test_a_spoilt_recording_ends_the_run_with_its_own_error() -> None:
    with pytest.raises(ConfigError, match=r"^a\.wav is gone"):
        StepTrainer.format_batch(cast(StepTrainer, None), {"error": ConfigError("a.wav is gone")})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), r"GPU's memory.*--batch-size than 2"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."), "fewer --workers"),
        (PermissionError(13, "Permission denied", "x.pth"), r"Training cannot go on. x.pth: Permission denied"),
    ],
)
def test_trouble_is_told_wherever_it_comes(base: Base, data: Path, tmp_path: Path, error: Exception, told: str) -> None:
    """Memory may be short before the first step already: a server may be on that GPU."""

    def troubled(*_: Any) -> None:
        raise error

    with patch("voi.training.xtts_trainer.TrainedXtts", troubled), pytest.raises(VoiError, match=told):
        train(base, data, tmp_path / "run", OPTIONS)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"model": {"x": torch.zeros(1)}, "extra": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_state(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()
