"""Trains XTTS with Coqui's trainer: from a prepared folder and the published checkpoint to the best weights so far."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from voi.engines.device import NVIDIA_DRIVER
from voi.errors import ConfigError
from voi.training import manifest
from voi.training.base import MEL_STATS, MODEL, Base
from voi.training.dataset import ClipLimits, Item, fitting
from voi.training.model import TrainedXtts, config_for, limits_of
from voi.training.run import Options, Run
from voi.training.splits import TRAIN, VALIDATION
from voi.training.step_trainer import Outcome, StepTrainer, Tell
from voi.training.trouble import disk_told, gpu_memory_told, readers_told
from voi.training.weights import clear_partial, load_state

LEFT_OUT_SHOWN = 5


def train(base: Base, data: Path, folder: Path, options: Options, tell: Tell = print) -> Outcome:
    """Train, or go on with the run in `folder` from its last checkpoint. Returns when all steps are done, or after
    saving when it was interrupted (Ctrl-C, SIGTERM). Raises ConfigError; EngineError when the GPU's memory is too small
    or the loss becomes NaN."""
    samples = manifest.read(data)
    advice = (
        f"Else take a smaller --batch-size than {options.batch_size} and a greater --accumulate, which gives the same "
        "result, or --precision bf16."
    )
    with disk_told("Training"), gpu_memory_told(advice), readers_told():
        run = Run.start(folder, base.folder, data, options)
        with run.alone():
            clear_partial(folder)
            return _train(base, data, run, samples, options, tell)


def settings(options: Options, folder: Path) -> dict[str, Any]:
    """Settings for Coqui's configuration. Optimizer and learning rate are those of its recipe for XTTS-v2; its
    scheduler is left out, since it does nothing in the first 900,000 updates."""
    return {
        "output_path": str(folder),
        "run_name": folder.name,
        "batch_size": options.batch_size,
        "lr": options.learning_rate,
        "optimizer": "AdamW",
        "optimizer_params": {"betas": [0.9, 0.96], "eps": 1e-8, "weight_decay": 1e-2},
        "optimizer_wd_only_on_weights": True,
        "lr_scheduler": None,
        "grad_clip": 0.0,
        "use_grad_scaler": False,
        "mixed_precision": options.precision != "fp32",
        "precision": "bf16",
        "training_seed": options.seed,
        "epochs": 1,
        "save_checkpoints": False,
        "run_eval": False,
        "print_step": 25,
        "plot_step": 25,
        "log_model_step": None,
        "dashboard_logger": "tensorboard",
    }


def _train(
    base: Base, data: Path, run: Run, samples: Sequence[manifest.TrainingSample], options: Options, tell: Tell
) -> Outcome:
    config = config_for(base, **settings(options, run.folder))
    resumed = run.last_checkpoint() is not None
    # The trainer restores a resumed run itself; its model must still be complete.
    state = load_state(base / MODEL)
    model = TrainedXtts(config, state, base / MODEL)
    if not torch.allclose(state["mel_stats"].float(), model.xtts.mel_stats):
        tell(f"{base / MEL_STATS} is not what {MODEL} was trained with: are they of one release?")
    limits = limits_of(config)
    parts = {split: _items(model, samples, split, data, limits, tell) for split in (TRAIN, VALIDATION)}
    if not parts[TRAIN]:
        raise ConfigError(f"{data} has no recording to train on.")
    if not parts[VALIDATION]:
        raise ConfigError(f"{data} has no recording for validation: prepare more of them, or a greater share.")
    gpus = torch.cuda.device_count()
    if gpus and options.gpu >= gpus:
        raise ConfigError(f"There is no GPU {options.gpu}: of {gpus}, the last is {gpus - 1}.")
    if gpus > 1 and "CUDA_VISIBLE_DEVICES" in os.environ:
        raise ConfigError(f"CUDA_VISIBLE_DEVICES names {gpus} GPUs; training uses one: name only that.")
    if not torch.cuda.is_available():
        why = " There is an NVIDIA driver: voi doctor says why its GPU is not used." if NVIDIA_DRIVER.exists() else ""
        tell(f"No GPU is at hand: this trains on the CPU, which takes days for a real model.{why}")
    trainer = StepTrainer(run, options, config, model, parts, limits, tell)
    tell(f"{'Going on at' if resumed else 'Starting; at'} step {trainer.total_steps_done} of {trainer.steps}.")
    return trainer.train_all()


def _items(
    model: TrainedXtts,
    samples: Sequence[manifest.TrainingSample],
    split: str,
    data: Path,
    limits: ClipLimits,
    tell: Tell,
) -> list[Item]:
    tokenizer = model.xtts.tokenizer
    try:
        unknown = tokenizer.tokenizer.token_to_id("[UNK]")
        items, left_out = fitting(manifest.of_split(list(samples), split), data, tokenizer.encode, unknown, limits)
    except ImportError as error:
        raise ConfigError(f"The text of one of the languages needs another package: {error}") from error
    if left_out:
        tell(f"{split}: {len(left_out)} recordings are left out, which the model cannot take:")
        for line in left_out[:LEFT_OUT_SHOWN]:
            tell(f"  {line}")
    return items
