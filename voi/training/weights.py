"""Reads and writes a model's weights, and loads them into a model. No code in a file is ever run."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from voi.engines.tts.xtts.checkpoint import load_tensors
from voi.errors import ConfigError
from voi.training.base import CONFIG

_OF_TRAINER = ("dvae.", "torch_mel_spectrogram_style_encoder.", "torch_mel_spectrogram_dvae.")
_OF_INFERENCE = ("gpt.gpt_inference.", "gpt.gpt.wte.")
"""Prefixes of duplicate names of weights."""


def load_state(path: Path) -> dict[str, Tensor]:
    """The model's weights by the names of the published checkpoint, read from that, from a training checkpoint or from
    an exported one. Raises ConfigError."""
    raw = load_tensors(path)
    state = raw.get("model", raw) if isinstance(raw, Mapping) else None
    if not isinstance(state, Mapping) or not any(isinstance(value, Tensor) for value in state.values()):
        raise ConfigError(f"{path} holds no model.")
    return weights_of(state)


def weights_of(state: Mapping[str, object]) -> dict[str, Tensor]:
    """The weights without those that only the trainer needs, and without duplicate names."""
    return {
        name: value
        for key, value in state.items()
        if isinstance(value, Tensor)
        and not key.startswith(_OF_TRAINER)
        and not (name := key.removeprefix("xtts.")).startswith(_OF_INFERENCE)
    }


def put(model: torch.nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Load all weights into an Xtts. Raises ConfigError unless they are exactly those of the model: Coqui's loader
    accepts missing ones, which would stay random."""
    try:
        missing, unexpected = model.load_state_dict(dict(state), strict=False)
    except RuntimeError as error:
        raise ConfigError(f"{path} does not fit the {CONFIG} beside it: {error}") from error
    missing = [key for key in missing if not key.startswith(_OF_INFERENCE)]
    if missing or unexpected:
        some = ", ".join([*missing, *unexpected][:3])
        raise ConfigError(
            f"{path} is no whole XTTS-v2: {len(missing)} weights are missing and {len(unexpected)} unknown ({some}, …)."
        )


def save(content: object, path: Path) -> None:
    """torch.save, all of it or nothing. Raises ConfigError."""
    with whole(path) as partial:
        torch.save(content, partial)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary path to write to; it becomes `path` when all of it is on the disk. Raises ConfigError when
    there is no room; the old file then stays."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        # For a full disk torch's writer only reports a position.
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{path} cannot be written. Is the disk full? Make room and go on. ({reason})") from error
    finally:
        partial.unlink(missing_ok=True)


def clear_partial(folder: Path) -> None:
    """Remove temporary files of a process that was killed."""
    for partial in folder.glob(".*.partial"):
        partial.unlink(missing_ok=True)
