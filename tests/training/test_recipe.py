"""Training is Coqui's: settings, limits, slices and losses are compared with those of its package."""

import ast
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")
pytest.importorskip("trainer", reason="the extra `train` is not installed")
pytest.importorskip("TTS", reason="the extra `train` is not installed")

import torch

from tests.training import tiny_base
from tests.training.sounds import put, tone
from voi.training.base import Base
from voi.training.coqui import GPTTrainer, GPTTrainerConfig
from voi.training.dataset import ClipLimits, Item, Once, Rounds, scoring_loader
from voi.training.manifest import TrainingSample
from voi.training.model import CONDITIONING_SAMPLES, TrainedXtts, config_for, limits_of, scores
from voi.training.run import Options
from voi.training.weights import load_state
from voi.training.xtts_trainer import settings

pytestmark = pytest.mark.integration

PUBLISHED = {"gpt_max_audio_tokens": 605, "gpt_max_text_tokens": 402}
"""Sizes of XTTS-v2's config.json that bound what it is trained on."""


@pytest.fixture(scope="module", autouse=True)
def setting() -> Iterator[None]:
    with tiny_base.small():
        yield


def recipe() -> dict[str, dict[str, Any]]:
    """What Coqui's own fine-tuning says, of its constants: from the source of its package."""
    import TTS

    source = Path(TTS.__path__[0]) / "demos" / "xtts_ft_demo" / "utils" / "gpt_train.py"
    said: dict[str, dict[str, Any]] = {}
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for keyword in node.keywords:
                if not any(isinstance(part, ast.Name) for part in ast.walk(keyword.value)):
                    value = eval(compile(ast.Expression(keyword.value), "recipe", "eval"))
                    said.setdefault(node.func.id, {})[keyword.arg or ""] = value
    return said


def test_settings_are_those_of_coquis_recipe(base: Base) -> None:
    ours = config_for(base, **settings(Options(), Path("run")))
    theirs = recipe()
    compared = ("optimizer", "optimizer_params", "lr", "grad_clip", "mixed_precision", "use_grad_scaler", "allow_tf32",
                "weighted_loss_attrs", "weighted_loss_multipliers")  # fmt: skip
    said, otherwise = theirs["GPTTrainerConfig"], GPTTrainerConfig()
    for name in compared:
        assert getattr(ours, name) == said.get(name, getattr(otherwise, name)), name
    assert ours.optimizer_wd_only_on_weights  # OPTIMIZER_WD_ONLY_ON_WEIGHTS
    assert min(said["lr_scheduler_params"]["milestones"]) >= 900_000
    args, default = ours.model_args, otherwise.model_args
    for name in ("gpt_loss_text_ce_weight", "gpt_loss_mel_ce_weight"):
        assert getattr(args, name) == getattr(default, name), name
    for name in ("gpt_use_masking_gt_prompt_approach", "gpt_use_perceiver_resampler",
                 "min_conditioning_length", "max_conditioning_length"):  # fmt: skip
        assert getattr(args, name) == theirs["GPTArgs"][name], name
    for name, value in theirs["XttsAudioConfig"].items():
        assert getattr(ours.audio, name) == value, name


def test_limits_are_those_of_coquis_recipe(tmp_path: Path) -> None:
    from tests.engines.tts.xtts import tiny

    tiny.config_json(tmp_path, **PUBLISHED)
    default = GPTTrainerConfig()
    limits = limits_of(config_for(Base(tmp_path)))
    assert limits.wav_samples == default.model_args.max_wav_length
    assert limits.text_tokens == recipe()["GPTArgs"]["max_text_length"]
    assert limits.rate_hz == 22_050


@pytest.mark.parametrize("seconds", [2.0, 4.1, 9.0])
def test_the_slice_that_shows_the_voice_is_coquis(tmp_path: Path, seconds: float) -> None:
    from TTS.tts.layers.xtts.trainer import dataset as coquis

    path = put(tmp_path / "a.wav", tone(seconds))
    sample = TrainingSample("a.wav", "text", "Robin", "en", int(seconds * 1_000), "train")
    item = Item(path, torch.zeros(3, dtype=torch.int32), sample)
    limits = ClipLimits(255_995, 200, CONDITIONING_SAMPLES, 22_050)
    least, most = CONDITIONING_SAMPLES
    wav = Once([item], limits)[0]["wav"]
    with patch.object(coquis, "load_audio", lambda *_: wav[None]):
        for mine, evaluating in ((Once([item], limits), True), (Rounds([item], limits, 7), False)):
            with patch.object(coquis, "random", random.Random("7 at 0")):
                shown, _, where = coquis.get_prompt_slice("a.wav", most, least, 22_050, evaluating)
            assert torch.equal(mine[0]["conditioning"][0], shown)
            assert mine[0]["cond_idxs"].tolist() == where


def test_scores_are_coquis_losses(base: Base, tmp_path: Path) -> None:
    config = config_for(base)
    model = TrainedXtts(config, load_state(base / "model.pth"), base / "model.pth").eval()
    tokens = torch.tensor(model.xtts.tokenizer.encode("the air is pure", "en"), dtype=torch.int32)
    item = Item(put(tmp_path / "a.wav", tone(3.0)), tokens, TrainingSample("a.wav", "", "Robin", "en", 3_000, "test"))
    (raw,) = scoring_loader([item], limits_of(config))
    with torch.inference_mode():
        _, losses = GPTTrainer.eval_step(model, model.format_batch_on_device(raw), None)
    assert losses is not None
    assert scores(model, scoring_loader([item], limits_of(config))).loss == pytest.approx(float(losses["loss"]))


def test_only_the_gpt_is_in_the_optimizer(base: Base) -> None:
    config = config_for(base, **settings(Options(), Path("run")))
    model = TrainedXtts(config, load_state(base / "model.pth"), base / "model.pth")
    decaying, others = model.get_optimizer().param_groups
    held = {id(parameter) for group in (decaying, others) for parameter in group["params"]}
    assert held == {id(parameter) for parameter in model.xtts.gpt.parameters()}
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.01, 0)
